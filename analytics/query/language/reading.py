"""Reading the parts of a query's JSON: each refuses what is of another shape, and says where."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar

from analytics.query import limits
from analytics.query.errors import QueryError, unknown

Item = TypeVar("Item")
Member = TypeVar("Member", bound=Enum)


def below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def read_object(value: object, *, path: str, keys: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise QueryError(path or "query", "wrong_type", "An object is wanted here.")
    known = tuple(keys)
    for key in value:
        if key not in known:
            raise unknown(below(path, str(key)), "key", str(key), known=known)
    return value


def read_name(value: object, *, path: str) -> str:
    """The name of a field, as a caller writes it."""
    if not isinstance(value, str) or not value:
        raise QueryError(path, "wrong_type", "The name of a field is wanted here, as a text.")
    return value


def read_label(value: object, *, path: str) -> str:
    """A name of the caller's own for a column or a group of the answer."""
    if not isinstance(value, str) or not value.strip() or len(value) > limits.MAX_NAME_LENGTH:
        most = limits.MAX_NAME_LENGTH
        raise QueryError(path, "wrong_type", f"A text of 1 to {most} characters is wanted here.")
    if not value.isprintable() or value.startswith("$"):
        raise QueryError(path, "wrong_type", "A printable text without a $ in front is wanted.")
    return value


def read_boolean(value: object, *, path: str) -> bool:
    if not isinstance(value, bool):
        raise QueryError(path, "wrong_type", "true or false is wanted here.")
    return value


def read_integer(value: object, *, path: str, least: int, most: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JSON 10 and 10.0 are the same number
    if isinstance(value, bool) or not isinstance(value, int):
        raise QueryError(path, "wrong_type", "A whole number is wanted here.")
    if not least <= value <= most:
        raise QueryError(path, "out_of_range", f"From {least} to {most}.")
    return value


def read_number(value: object, *, path: str) -> float:
    """A finite number that is exact in every store."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QueryError(path, "wrong_type", "A number is wanted here.")
    if isinstance(value, float) and not math.isfinite(value):
        raise QueryError(path, "out_of_range", "A finite number is wanted here.")
    if isinstance(value, int) and abs(value) > limits.LARGEST_INTEGER:
        raise QueryError(path, "out_of_range", "Integers reach from -(2^53-1) to 2^53-1.")
    return value


def read_word(value: object, known: Iterable[str], *, path: str, kind: str) -> str:
    """One of a few words."""
    words = tuple(known)
    if not isinstance(value, str):
        raise QueryError(path, "wrong_type", f"A text is wanted: {', '.join(words)}.")
    if value not in words:
        raise unknown(path, kind, value, known=words)
    return value


def read_list(
    value: object, read: Callable[[object, str], Item], *, path: str, most: int
) -> Iterator[Item]:
    """A list of one to `most` items, each read by `read(item, path)`."""
    if not isinstance(value, list):
        raise QueryError(path, "wrong_type", "A list is wanted here.")
    if not 1 <= len(value) <= most:
        raise QueryError(path, "out_of_range", f"From one to {most} of them are wanted here.")
    for place, item in enumerate(value):
        yield read(item, f"{path}[{place}]")
