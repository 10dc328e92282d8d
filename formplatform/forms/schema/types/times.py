"""Dates and times."""

import re
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


class Date(Base):
    name: ClassVar[str] = "date"

    def clean(self, value: object, field: Field) -> str:  # noqa: ARG002 - the protocol's
        text = _text(value, "a date like 2026-01-31")
        if _DATE.fullmatch(text):
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                pass
        raise Wrong("invalid_date", "Expected a date like 2026-01-31.")


class Time(Base):
    name: ClassVar[str] = "time"

    def clean(self, value: object, field: Field) -> str:  # noqa: ARG002 - the protocol's
        text = _text(value, "a time like 18:30:00")
        if _TIME.fullmatch(text):
            try:
                return time.fromisoformat(text).isoformat(timespec="seconds")
            except ValueError:
                pass
        raise Wrong("invalid_time", "Expected a time like 18:30:00.")


class DateTime(Base):
    """A moment, kept in UTC with milliseconds; the text must name its zone."""

    name: ClassVar[str] = "datetime"

    def clean(self, value: object, field: Field) -> str:  # noqa: ARG002 - the protocol's
        text = _text(value, "a moment like 2026-01-31T18:30:00Z")
        try:
            return to_text(datetime.fromisoformat(text))
        except (ValueError, OverflowError) as error:
            raise Wrong(
                "invalid_datetime", "Expected a moment with its zone, like 2026-01-31T18:30:00Z."
            ) from error


for _type in (Date(), Time(), DateTime()):
    register(_type)
