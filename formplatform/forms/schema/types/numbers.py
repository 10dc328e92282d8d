"""Numbers, scales and yes or no."""

from collections.abc import Mapping
from typing import Any, ClassVar

from formplatform.forms.schema.fields import Field
from formplatform.forms.schema.problems import Wrong

from .base import Base, check_span, clean_integer, clean_number, number_from_text, register

SPAN = frozenset({"minimum", "maximum"})
YES = frozenset({"true", "yes", "1", "y"})
NO = frozenset({"false", "no", "0", "n"})


class Number(Base):
    name: ClassVar[str] = "number"
    settings: ClassVar[frozenset[str]] = SPAN

    def check(self, field: Field) -> Mapping[str, str]:
        low, high = field.minimum, field.maximum
        wrong = low is not None and high is not None and low > high
        return {"minimum": "Expected at most maximum."} if wrong else {}

    def clean(self, value: object, field: Field) -> float | int:
        number = clean_number(value)
        check_span(number, field)
        return number

    def from_text(self, text: str, field: Field) -> object:  # noqa: ARG002 - the protocol's
        return number_from_text(text)


class Integer(Number):
    name: ClassVar[str] = "integer"

    def clean(self, value: object, field: Field) -> int:
        number = clean_integer(value)
        check_span(number, field)
        return number


class Stepped(Integer):
    """Whole steps between two ends that every definition has."""

    lowest: ClassVar[int]
    highest: ClassVar[int]
    widest: ClassVar[int] = 100

    def check(self, field: Field) -> Mapping[str, str]:
        low = self.lowest if field.minimum is None else field.minimum
        high = self.highest if field.maximum is None else field.maximum
        if not (float(low).is_integer() and float(high).is_integer()):
            return {"minimum": "Expected whole numbers."}
        if not 0 < high - low <= self.widest:
            return {"maximum": f"Expected 1 to {self.widest} more than minimum."}
        return {}

    def clean(self, value: object, field: Field) -> int:
        number = clean_integer(value)
        low = self.lowest if field.minimum is None else field.minimum
        high = self.highest if field.maximum is None else field.maximum
        if number < low:
            raise Wrong("too_small", f"Expected at least {low:g}.")
        if number > high:
            raise Wrong("too_large", f"Expected at most {high:g}.")
        return number


class Rating(Stepped):
    name: ClassVar[str] = "rating"
    lowest: ClassVar[int] = 1
    highest: ClassVar[int] = 5


class Scale(Stepped):
    name: ClassVar[str] = "scale"
    lowest: ClassVar[int] = 1
    highest: ClassVar[int] = 7


class Nps(Stepped):
    """Net Promoter Score: 0 to 10, always."""

    name: ClassVar[str] = "nps"
    settings: ClassVar[frozenset[str]] = frozenset()
    lowest: ClassVar[int] = 0
    highest: ClassVar[int] = 10


def steps_of(field: Field) -> tuple[int, int] | None:
    """The first and the last step of a field that has steps."""
    kind = STEPPED.get(field.type)
    if kind is None:
        return None
    low = kind.lowest if field.minimum is None else field.minimum
    high = kind.highest if field.maximum is None else field.maximum
    return int(low), int(high)


class Boolean(Base):
    name: ClassVar[str] = "boolean"

    def clean(self, value: object, field: Field) -> bool:  # noqa: ARG002 - the protocol's
        if not isinstance(value, bool):
            raise Wrong("wrong_type", "Expected true or false.")
        return value

    def from_text(self, text: str, field: Field) -> object:  # noqa: ARG002 - the protocol's
        word = text.strip().lower()
        return word in YES if word in YES | NO else text

    def to_text(self, value: Any, field: Field) -> str:  # noqa: ARG002 - the protocol's
        return "true" if value else "false"


STEPPED: Mapping[str, type[Stepped]] = {each.name: each for each in (Rating, Scale, Nps)}

for _type in (Integer(), Number(), Rating(), Scale(), Nps(), Boolean()):
    register(_type)
