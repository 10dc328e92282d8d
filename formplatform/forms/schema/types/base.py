"""What field types share, and the registry of them."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar

from formplatform.forms.schema.fields import Field, FieldType
from formplatform.forms.schema.problems import Wrong

LARGEST_INTEGER = 2**53 - 1
"""Every integer up to here survives JSON and doubles."""

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?", re.ASCII)

_types: dict[str, FieldType] = {}


class Base:
    """Defaults of a field type; subclasses give `name` and `clean`."""

    name: ClassVar[str]
    settings: ClassVar[frozenset[str]] = frozenset()
    writable: ClassVar[bool] = True

    def check(self, field: Field) -> Mapping[str, str]:  # noqa: ARG002 - the protocol's
        return {}

    def from_text(self, text: str, field: Field) -> object:  # noqa: ARG002 - the protocol's
        return text

    def to_text(self, value: Any, field: Field) -> str:  # noqa: ARG002 - the protocol's
        return str(value)


def register(field_type: FieldType) -> None:
    if field_type.name in _types:
        raise TypeError(f"Two field types are named {field_type.name}.")
    _types[field_type.name] = field_type


def field_types() -> dict[str, FieldType]:
    return _types


def clean_text(value: object, *, longest: int, lines: bool = False) -> str:
    """NFC text without NUL, lone surrogates or control characters."""
    if not isinstance(value, str):
        raise Wrong("wrong_type", "Expected text.")
    text = value if value.isascii() else _normal(value)
    if not text.isprintable() and any(_is_control(mark, lines) for mark in text):
        raise Wrong("invalid_text", "Control characters are not allowed.")
    if len(text) > longest:
        raise Wrong("too_long", f"Expected at most {longest} characters.")
    return text


def _normal(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Wrong("invalid_text", "The text holds half of a surrogate pair.") from error
    return unicodedata.normalize("NFC", value)


def _is_control(mark: str, lines: bool) -> bool:  # noqa: FBT001 - private
    if lines and mark in "\n\r\t":
        return False
    return unicodedata.category(mark) == "Cc"


def clean_integer(value: object) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INTEGER:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong("wrong_type", "Expected a whole number.")
    if abs(value) > LARGEST_INTEGER:
        raise Wrong("out_of_range", f"Expected at most {LARGEST_INTEGER} either way.")
    return value


def clean_number(value: object) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("wrong_type", "Expected a number.")
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:  # first: not each has a float
        raise Wrong("out_of_range", f"Expected at most {LARGEST_INTEGER} either way.")
    if not math.isfinite(value):
        raise Wrong("out_of_range", "Expected a finite number.")
    return value


def check_span(value: float, field: Field) -> None:
    if field.minimum is not None and value < field.minimum:
        raise Wrong("too_small", f"Expected at least {field.minimum:g}.")
    if field.maximum is not None and value > field.maximum:
        raise Wrong("too_large", f"Expected at most {field.maximum:g}.")


def number_from_text(text: str) -> object:
    """An int or a float where the text is one; otherwise the text, for `clean` to refuse.

    Python takes more for a number than people do: `1_000`, `nan`, digits of every script.
    """
    if not _NUMBER.fullmatch(text.strip()):
        return text
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text
