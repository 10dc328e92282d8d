"""What of a call may be kept: enough to find a fault, nothing that was secret."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

LONGEST_RESPONSE_BYTES = 1024
ECHO_BYTES = 60
SHORTEST_HIDDEN = 4
"""A shorter value is no secret, and masking it would tear the text apart."""
MASK = "[…]"
MOST_HEADERS = 50
LONGEST_NAME = 60
LONGEST_VALUE = 200
OUR_HEADERS = frozenset(
    {
        "webhook-id",
        "webhook-timestamp",
        "x-webhook-attempt",
        "x-webhook-id",
        "x-webhook-sequence",
    }
)
"""What we make up ourselves, anew for each attempt: there is nothing to look for."""
_OUR_VALUE = re.compile(r"[A-Za-z0-9_.:-]{1,110}")
SHOWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "age",
        "allow",
        "cache-control",
        "cf-ray",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "location",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "retry-after",
        "server",
        "transfer-encoding",
        "user-agent",
        "vary",
        "via",
        "www-authenticate",
        "x-amzn-requestid",
        "x-powered-by",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
    }
)
"""Of all others only the name is kept: a secret may travel under any name."""
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9._~-]{0,9}|[A-Za-z._~-]{0,19}")
"""A part of a path that is a word rather than a token."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECRETS = re.compile(
    r"whs(?:ec|k)_[A-Za-z0-9+/=_-]+"
    r"|v1a?,[A-Za-z0-9+/=]{20,}"
    r"|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|\b[0-9a-f]{64}\b"
    r"|[^\s@\"'<>]{1,64}@[^\s@\"'<>]{1,190}\.[A-Za-z]{2,24}"
)


def redact_response(content: bytes, *, sent: bytes, hidden: Collection[str] = ()) -> str:
    """The beginning of an answer as text, without secrets, signatures and mail addresses.

    `hidden` are values of the endpoint's own headers, which are as secret as a signing secret.

    A receiver that sends our own body back would bring a respondent's answers into the log: from
    the beginning of such an echo on, nothing is kept.
    """
    for beginning in _echoes(sent):
        content, echo, _ = content.partition(beginning)
        content += MASK.encode() if echo else b""
    text = _hide(content.decode("utf-8", "replace"), hidden)
    text = _SECRETS.sub(MASK, _CONTROL.sub("", text[: 2 * LONGEST_RESPONSE_BYTES]))
    return text.encode()[:LONGEST_RESPONSE_BYTES].decode("utf-8", "ignore")


def _hide(text: str, hidden: Collection[str]) -> str:
    for value in sorted(hidden, key=len, reverse=True):
        if len(value) >= SHORTEST_HIDDEN:
            text = text.replace(value, MASK).replace(json.dumps(value)[1:-1], MASK)
    return text


def redact_headers(headers: Mapping[str, str], *, hidden: Collection[str] = ()) -> dict[str, str]:
    """Headers of a request or an answer as they may be kept: names, and values of harmless ones.

    Args:
        headers: any case; at most `MOST_HEADERS` are kept.
        hidden: values that are not kept even where a harmless header repeats them.
    """
    kept = [(name.lower(), value) for name, value in headers.items()][:MOST_HEADERS]
    return {name[:LONGEST_NAME]: _redact_value(name, _hide(value, hidden)) for name, value in kept}


def _redact_value(name: str, value: str) -> str:
    if name in SHOWN_HEADERS:
        return _redact_shown(name, value[: 2 * LONGEST_VALUE])
    return value if name in OUR_HEADERS and _OUR_VALUE.fullmatch(value) else MASK


@lru_cache(maxsize=1024)
def _redact_shown(name: str, value: str) -> str:
    """Without a secret inside. The same receiver says nearly the same each time: remembered."""
    if name == "location":
        value = _redact_location(value)
    return _SECRETS.sub(MASK, _CONTROL.sub("", value))[:LONGEST_VALUE]


def _redact_location(url: str) -> str:
    """Where a redirect leads: enough to see https, www or a slash that was missing."""
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.hostname}".removeprefix(":") if parts.hostname else ""
        origin += f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return MASK
    if parts.scheme and not origin:
        return MASK
    segments = parts.path.split("/")
    path = "/".join(each if _PLAIN_SEGMENT.fullmatch(each) else MASK for each in segments)
    return origin + path + (f"?{MASK}" if parts.query or parts.fragment else "")


def _echoes(sent: bytes) -> Iterator[bytes]:
    """How an echo of a body begins: as it was sent, or as a string inside JSON."""
    beginning = sent[:ECHO_BYTES]
    if beginning:
        yield beginning
        yield json.dumps(beginning.decode("utf-8", "ignore")).encode()[1:-1]
