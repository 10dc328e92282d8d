"""Identifiers: 24 hexadecimal characters, ordered by time, unique without a server."""

import re

from bson import ObjectId

_PATTERN = re.compile(r"[0-9a-f]{24}")


def new_id() -> str:
    return str(ObjectId())


def is_id(text: object) -> bool:
    return isinstance(text, str) and _PATTERN.fullmatch(text) is not None
