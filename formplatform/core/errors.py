"""Errors the platform raises on purpose.

PlatformError
├── InvalidInputError      the caller sent something wrong (400)
├── PermissionDeniedError  the caller may see this but not do that (403)
├── NotFoundError          the thing does not exist for this caller (404)
├── ConflictError          the thing has changed, or is there already (409)
│   ├── ChangedMeanwhileError  somebody else changed it since it was read (409)
│   └── KeyReusedError     an Idempotency-Key came again with another body (409)
├── PreconditionFailedError  it is not in the state that If-Match names (412)
├── TooLargeError          more than we take (413)
├── ThrottledError         too many, too fast (429)
└── UnavailableError       a store or service is down; retry later (503)

Only `core/api/exceptions.py` turns them into HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong value: where it is, a stable code, a sentence that says the remedy."""

    field: str
    code: str
    message: str


class PlatformError(Exception):
    """Base of every deliberate error: a stable code, a message safe to show, extra data."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    transient: ClassVar[bool] = False
    """Whether the same call may succeed later without a change."""

    def __init__(self, message: str, **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class InvalidInputError(PlatformError):
    """Something in the input is wrong; `errors` names every wrong field."""

    code = "invalid_input"
    status = 400

    def __init__(self, message: str, *, errors: Sequence[FieldError] = (), **data: object) -> None:
        super().__init__(message, **data)
        self.errors = tuple(errors)


class PermissionDeniedError(PlatformError):
    code = "permission_denied"
    status = 403


class NotFoundError(PlatformError):
    code = "not_found"
    status = 404


class ConflictError(PlatformError):
    code = "conflict"
    status = 409


class ChangedMeanwhileError(ConflictError):
    """A compare-and-set lost: reading again and deciding anew may succeed."""


class KeyReusedError(ConflictError):
    code = "idempotency_key_reused"


class PreconditionFailedError(PlatformError):
    code = "precondition_failed"
    status = 412


class TooLargeError(PlatformError):
    code = "too_large"
    status = 413


class ThrottledError(PlatformError):
    code = "throttled"
    status = 429
    transient = True

    def __init__(self, message: str, *, retry_after_seconds: int, **data: object) -> None:
        super().__init__(message, **data)
        self.retry_after_seconds = retry_after_seconds


class UnavailableError(PlatformError):
    code = "unavailable"
    status = 503
    transient = True

    def __init__(self, message: str, *, retry_after_seconds: int = 5, **data: object) -> None:
        super().__init__(message, **data)
        self.retry_after_seconds = retry_after_seconds
