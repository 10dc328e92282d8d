"""What a tier holds for a key: an encoded value, its tags' versions, the end of its time."""

import struct
from dataclasses import dataclass

Versions = tuple[int, ...]

_HEAD = struct.Struct("<BdB")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """An encoded value. `versions` are those of its tags, read before it was computed.

    `fresh_until` is Unix time in seconds: a copy made later must not live longer than this.
    """

    payload: bytes
    versions: Versions
    fresh_until: float

    def to_bytes(self) -> bytes:
        count = len(self.versions)
        head = _HEAD.pack(_FORMAT, self.fresh_until, count)
        return head + struct.pack(f"<{count}q", *self.versions) + self.payload


def entry_from(data: bytes) -> Entry | None:
    """The entry of the bytes; None where another release, or something else, wrote them."""
    try:
        form, fresh_until, count = _HEAD.unpack_from(data)
        versions = struct.unpack_from(f"<{count}q", data, _HEAD.size)
    except struct.error:
        return None
    if form != _FORMAT:
        return None
    return Entry(data[_HEAD.size + 8 * count :], versions, fresh_until)
