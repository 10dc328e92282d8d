"""Thrift's compact protocol, as far as footers of Parquet go: read one and write it back.

A value stays beside its type on the wire, so what nobody here knows comes out as it went in.
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

Struct = dict[int, tuple[int, Any]]
"""Number of a field → (type, value); of a list, the value is (type of its items, items)."""
FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
"""As a field, what is at most FALSE is its own value: 1 is true."""
SIZES = {1: 1, FALSE: 1, BYTE: 1, DOUBLE: 8}
LONG = 15
"""The most that four bits hold, of a length or of the distance to the last field."""
MORE = 0x80
"""On a byte of a number: another one follows."""


def read_struct(data: bytes) -> Struct:
    return _Reader(data).struct()


def write_struct(fields: Struct) -> bytes:
    """The fields have to be in the order of their numbers."""
    written, last = bytearray(), 0
    for number, (kind, value) in fields.items():
        if number - last <= LONG:
            written.append((number - last) << 4 | kind)
        else:
            written.append(kind)
            written += _signed(number)
        written += b"" if kind <= FALSE else _value(kind, value)
        last = number
    return bytes(written) + b"\0"


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self) -> Struct:
        found: Struct = {}
        last = 0
        while head := self._byte():
            distance, kind = head >> 4, head & LONG
            last = last + distance if distance else self._signed()
            found[last] = (kind, None if kind <= FALSE else self._value(kind))
        return found

    def _value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self._signed()
        if kind in (LIST, SET):
            return self._list()
        if kind == STRUCT:
            return self.struct()
        return self._bytes(self._unsigned() if kind == BINARY else SIZES[kind])

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        size, kind = head >> 4, head & LONG
        if size == LONG:
            size = self._unsigned()
        return kind, [self._value(kind) for _ in range(size)]

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _unsigned(self) -> int:
        found = shift = 0
        while (byte := self._byte()) >= MORE:
            found |= (byte - MORE) << shift
            shift += 7
        return found | byte << shift

    def _signed(self) -> int:
        found = self._unsigned()
        return found >> 1 ^ -(found & 1)


def _value(kind: int, value: Any) -> bytes:
    if kind in (I16, I32, I64):
        return _signed(value)
    if kind in (LIST, SET):
        return _list(*value)
    if kind == STRUCT:
        return write_struct(value)
    return (_unsigned(len(value)) if kind == BINARY else b"") + bytes(value)


def _list(kind: int, items: list[Any]) -> bytes:
    size = len(items)
    head = bytes([min(size, LONG) << 4 | kind]) + (_unsigned(size) if size >= LONG else b"")
    return head + b"".join(_value(kind, item) for item in items)


def _unsigned(value: int) -> bytes:
    written = bytearray()
    while value >= MORE:
        written.append(value % MORE | MORE)
        value >>= 7
    return bytes([*written, value])


def _signed(value: int) -> bytes:
    return _unsigned(value << 1 if value >= 0 else (-value << 1) - 1)
