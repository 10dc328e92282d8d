"""Which headers a person may add to an outbound request."""

import re
from collections.abc import Mapping

from formplatform.core.errors import FieldError, InvalidInputError

DENIED = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
"""Framing, routing and hop-by-hop: a second opinion on these is how requests are smuggled."""
DENIED_PREFIXES = ("proxy-", "sec-", "webhook-", "x-forwarded-", "x-real-", "x-webhook-")
LONGEST_VALUE = 4096
MOST_HEADERS = 20
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[\t -~]*")


def check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers that are malformed, or not a person's to set.

    Raises:
        InvalidInputError: with one error per wrong header, under its name.
    """
    errors = [
        FieldError(field=name[:100], code=code, message=message)
        for name, value in headers.items()
        for code, message in [_fault(name, value)]
        if code
    ]
    if len(headers) > MOST_HEADERS:
        errors.append(FieldError("headers", "too_many", f"Send at most {MOST_HEADERS} headers."))
    if errors:
        raise InvalidInputError("Some headers cannot be sent.", errors=errors)


def _fault(name: str, value: str) -> tuple[str, str]:
    if not _NAME.fullmatch(name):
        return "invalid_name", "A header name is made of letters, digits and hyphens."
    if name.lower() in DENIED or name.lower().startswith(DENIED_PREFIXES):
        return "reserved", "This header is set by the platform."
    if not _VALUE.fullmatch(value) or len(value) > LONGEST_VALUE:
        return "invalid_value", f"A value is one line of at most {LONGEST_VALUE} ASCII characters."
    return "", ""
