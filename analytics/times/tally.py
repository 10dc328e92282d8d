"""How many there were before any step of time."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

Running = Sequence[int]
"""How many of a day there were before each of its steps, and in all."""


def running(counts: Mapping[int, int], steps: int) -> Running:
    """From the counts of a day by the number of their step."""
    return array("q", accumulate((counts.get(number, 0) for number in range(steps)), initial=0))


class Tally:
    """Counts by days, numbered since 1970; some also by the steps of the day (quarter-hours,
    minutes), which number on from day to day. A step inside another day is none to ask for.
    """

    def __init__(
        self, whole: Mapping[int, int], parted: Mapping[int, Running], *, steps_a_day: int
    ) -> None:
        counts = {**whole, **{day: found[-1] for day, found in parted.items()}}
        self._days = sorted(counts)
        self._before = [*accumulate((counts[day] for day in self._days), initial=0)]
        self._parted = parted
        self._steps_a_day = steps_a_day

    def before(self, step: int) -> int:
        day, number = divmod(step, self._steps_a_day)
        found = self._before[bisect_left(self._days, day)]
        part = self._parted.get(day)
        return found if part is None else found + part[number]
