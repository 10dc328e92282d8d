"""What may be cached, and how it is written.

MessagePack with a few types of our own. A value comes back equal and of the same types, or is
refused: nothing is turned into something similar (a tuple into a list, a time into text), and
nothing read from Redis is ever executed, as a pickle would be.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgpack

_NOT_OURS = (ValueError, TypeError, ArithmeticError, RecursionError)
_DATETIME, _DATE, _DECIMAL, _TUPLE = 1, 2, 3, 4


class UncacheableError(TypeError):
    """The value, or an argument, has no exact encoding. Return plain data instead."""


def encode(value: object) -> bytes:
    """The bytes of a value made of None, bool, int (64 bit), float, str, bytes, list, dict,
    tuple, aware datetime, date and Decimal. Raises UncacheableError for anything else.
    """
    try:
        packed: bytes = msgpack.packb(value, default=_extend, strict_types=True)
    except UncacheableError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UncacheableError(str(error)) from error
    return packed


def decode(data: bytes) -> Any:
    """The value of the bytes. Raises ValueError where they are not ours."""
    try:
        return msgpack.unpackb(data, ext_hook=_restore, strict_map_key=False)
    except (*_NOT_OURS, msgpack.UnpackException) as error:
        raise ValueError(f"not a cached value: {error!r}") from error


def _extend(value: object) -> msgpack.ExtType:
    kind = type(value)
    if kind is tuple:
        return msgpack.ExtType(_TUPLE, encode(list(value)))  # type: ignore[call-overload]
    if kind is datetime and value.tzinfo is not None:  # type: ignore[attr-defined]
        return msgpack.ExtType(_DATETIME, value.isoformat().encode())  # type: ignore[attr-defined]
    if kind is date:
        return msgpack.ExtType(_DATE, value.isoformat().encode())  # type: ignore[attr-defined]
    if kind is Decimal:
        return msgpack.ExtType(_DECIMAL, str(value).encode())
    raise UncacheableError(f"{kind.__module__}.{kind.__qualname__} cannot be cached exactly.")


def _restore(code: int, data: bytes) -> object:
    if code == _TUPLE:
        return tuple(decode(data))
    if code == _DATETIME:
        return datetime.fromisoformat(data.decode())
    if code == _DATE:
        return date.fromisoformat(data.decode())
    if code == _DECIMAL:
        return Decimal(data.decode())
    raise ValueError(f"unknown extension {code}")
