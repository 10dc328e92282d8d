"""Errors of everything that leaves the house."""

from typing import ClassVar

from formplatform.core.errors import PlatformError


class OutboundError(PlatformError):
    """A request that did not get an answer. `reason` is a stable code for logs and people."""

    code = "outbound_failed"
    status = 502

    def __init__(self, message: str, *, reason: str, **data: object) -> None:
        super().__init__(message, reason=reason, **data)
        self.reason = reason


class RefusedTargetError(OutboundError):
    """The address is one we do not send to. The same call never succeeds without a change."""

    code = "target_refused"
    status = 400


class UnreachableError(OutboundError):
    """Name, connection, encryption, protocol or time failed; the same call may succeed later."""

    code = "unreachable"
    transient: ClassVar[bool] = True
