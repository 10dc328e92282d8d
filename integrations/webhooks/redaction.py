"""What of a receiver's answer may be kept: enough to find a fault, nothing that was secret."""

import json
import re
from collections.abc import Collection, Iterator

LONGEST_RESPONSE_BYTES = 1024
ECHO_BYTES = 60
SHORTEST_HIDDEN = 4
"""A shorter value is no secret, and masking it would tear the text apart."""
MASK = "[…]"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECRETS = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]+"
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
    text = content.decode("utf-8", "replace")
    for value in sorted(hidden, key=len, reverse=True):
        if len(value) >= SHORTEST_HIDDEN:
            text = text.replace(value, MASK).replace(json.dumps(value)[1:-1], MASK)
    text = _SECRETS.sub(MASK, _CONTROL.sub("", text))
    return text.encode()[:LONGEST_RESPONSE_BYTES].decode("utf-8", "ignore")


def _echoes(sent: bytes) -> Iterator[bytes]:
    """How an echo of a body begins: as it was sent, or as a string inside JSON."""
    beginning = sent[:ECHO_BYTES]
    if beginning:
        yield beginning
        yield json.dumps(beginning.decode("utf-8", "ignore")).encode()[1:-1]
