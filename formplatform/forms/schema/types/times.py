"""Dates and times."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import ClassVar

from formplatform.core.clock import to_text
from formplatform.forms.schema.fields import Field
from formplatform.forms.schema.problems import Wrong

from .base import Base, register

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}(?::\d{2})?")
LONGEST = 40


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise Wrong("wrong_type", f"Expected {expected} as text.")
    return value[:LONGEST]


class Bounded(Base):
    """Between two ends, both included. Subclasses give `parse`."""

    settings: ClassVar[frozenset[str]] = frozenset({"earliest", "latest"})

    def parse(self, value: object) -> str:
        """The canonical text. Raises Wrong."""
        raise NotImplementedError

    def check(self, field: Field) -> Mapping[str, str]:
        wrong = field.earliest and field.latest and field.earliest > field.latest
        return {"earliest": "Expected at most latest."} if wrong else {}

    def clean(self, value: object, field: Field) -> str:
        text = self.parse(value)
        if field.earliest is not None and text < field.earliest:
            raise Wrong("too_early", f"Expected {field.earliest} or later.")
        if field.latest is not None and text > field.latest:
            raise Wrong("too_late", f"Expected {field.latest} or earlier.")
        return text


class Date(Bounded):
    name: ClassVar[str] = "date"

    def parse(self, value: object) -> str:
        text = _text(value, "a date like 2026-01-31")
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                pass
        raise Wrong("invalid_date", "Expected a date like 2026-01-31.")


class Time(Bounded):
    name: ClassVar[str] = "time"

    def parse(self, value: object) -> str:
        text = _text(value, "a time like 18:30:00")
        if _TIME.fullmatch(text):
            try:
                return time.fromisoformat(text).isoformat(timespec="seconds")
            except ValueError:
                pass
        raise Wrong("invalid_time", "Expected a time like 18:30:00.")


class DateTime(Bounded):
    """A moment, kept in UTC with milliseconds; the text must name its zone."""

    name: ClassVar[str] = "datetime"

    def parse(self, value: object) -> str:
        text = _text(value, "a moment like 2026-01-31T18:30:00Z")
        try:
            return to_text(datetime.fromisoformat(text))
        except (ValueError, OverflowError) as error:
            raise Wrong(
                "invalid_datetime", "Expected a moment with its zone, like 2026-01-31T18:30:00Z."
            ) from error


for _type in (Date(), Time(), DateTime()):
    register(_type)
