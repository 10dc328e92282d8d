"""Bins of numbers: their edges and labels."""

import bisect
from dataclasses import dataclass
from math import isfinite

from .ast import Bins
from .limits import LARGEST_INTEGER
from .rows import plain


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open interval [low, high); None is an open end."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None:
            return "all" if self.high is None else f"<{self.high}"
        return f"≥{self.low}" if self.high is None else f"{self.low}..{self.high}"

    @property
    def start(self) -> float:
        return float("-inf") if self.low is None else self.low


def bin_of(bins: Bins, number: int) -> Interval:
    """The interval of a bin by its number (see `Bins`)."""
    if bins.width is not None:
        low, high = plain(number * bins.width), plain((number + 1) * bins.width)
        if abs(number) < LARGEST_INTEGER:
            return Interval(low, high)
        return Interval(low, None) if number > 0 else Interval(None, high)
    edges = [plain(edge) for edge in bins.edges]
    low = edges[number - 1] if number else None
    return Interval(low, edges[number] if number < len(edges) else None)


def equal_edges(low: float, high: float, count: int) -> tuple[float, ...]:
    """The inner edges of so many bins of equal width from the smallest to the largest value."""
    width = (high - low) / count
    edges: list[float] = []
    for place in range(1, count):
        edge = low + place * width
        if not isfinite(edge):  # the whole range is more than a float holds
            edge = low * (1 - place / count) + high * (place / count)
        # Where the values lie closer together than floats can tell, there are fewer bins.
        if low < edge and bisect.bisect(edges, edge) == bisect.bisect_left(edges, edge):
            edges.append(edge)
    return tuple(edges)
