"""Errors of everything that leaves the house."""

from collections.abc import Mapping
from typing import ClassVar

from formplatform.core.errors import PlatformError


class OutboundError(PlatformError):
    """A request that did not get an answer. `reason` is a stable code for logs and people."""

    code = "outbound_failed"
    status = 502
    is_ours: ClassVar[bool] = False
    """Whether our own egress proxy failed: it says nothing about the receiver."""

    def __init__(self, message: str, *, reason: str, **data: object) -> None:
        super().__init__(message, reason=reason, **data)
        self.reason = reason
        self.phases: Mapping[str, float | None] = {}
        """Milliseconds by phase, as far as the call came: see `http.Answer`."""
        self.peer = ""
        self.request_headers: Mapping[str, str] = {}
        self.seconds = 0.0


class RefusedTargetError(OutboundError):
    """The address is one we do not send to. The same call never succeeds without a change."""

    code = "target_refused"
    status = 400


class RefusedRequestError(RefusedTargetError):
    """The request itself is one we do not send: too large, or a header that is not one."""

    code = "request_refused"


class UnreachableError(OutboundError):
    """Name, connection, encryption, protocol or time failed; the same call may succeed later."""

    code = "unreachable"
    transient: ClassVar[bool] = True


class ProxyError(UnreachableError):
    """The deployment's own egress proxy failed, or forbids the call."""

    code = "proxy_failed"
    is_ours: ClassVar[bool] = True

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="proxy")
