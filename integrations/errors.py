"""Errors of everything that leaves the house."""

from collections.abc import Mapping
from typing import ClassVar

from formplatform.core.errors import PlatformError


class OutboundError(PlatformError):
    """A request that did not get an answer. `reason` is a stable code for logs and people."""

    code = "outbound_failed"
    status = 502

    def __init__(self, message: str, *, reason: str, **data: object) -> None:
        super().__init__(message, reason=reason, **data)
        self.reason = reason
        self.phases: Mapping[str, float | None] = {}
        """Milliseconds by phase, as far as the call came: see `http.Answer`."""
        self.peer = ""
        self.request_headers: Mapping[str, str] = {}

    def tell(
        self,
        *,
        phases: Mapping[str, float | None],
        peer: str,
        request_headers: Mapping[str, str],
    ) -> None:
        """Add what is known about the call that failed."""
        self.phases, self.peer, self.request_headers = phases, peer, request_headers


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

    @property
    def is_ours(self) -> bool:
        """Whether our own egress proxy failed: it says nothing about the receiver."""
        return self.reason == "proxy"
