"""A figure found in a sample, and how far that of everybody may be from it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """`low` and `high` are the ends of the interval; None where the sample can't tell."""

    value: float
    low: float | None
    high: float | None
