"""What the numbers of sessions say about themselves: all of them are the sum of the days.

Of a day its number of sessions is known three times over: by the list of days, by its own counters
and by its quarter-hours, while these last. The counters of a single quarter-hour only a deep look
compares, and this one where the sums disagree, to tell which day it is.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

from analytics import keys
from analytics.contributions.trails import VIEWED
from analytics.numbers.counters import Look
from analytics.numbers.session_numbers import Counts
from analytics.times import retention


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionsCounted:
    """What all sessions add up to, and whether the days come to the same, each by itself too."""

    total: Counts
    differing_days: Set[str]
    is_sum_of_days: bool

    @property
    def agrees(self) -> bool:
        return self.is_sum_of_days and not self.differing_days


def read_sessions(look: Look) -> SessionsCounted:
    """Look at all of it once."""
    total, days = _read(look, [keys.sessions(), keys.session_days()])
    of_days = _by_day(look, days, keys.sessions_of_day)
    quarters = _by_day(look, filter(retention.is_kept, days), keys.session_quarters)
    found = {day for day, each in of_days.items() if days[day] != each[VIEWED]}
    found |= {day for day, each in quarters.items() if days[day] != each.total()}
    is_sum = sum(of_days.values(), Counts()) == total
    if not is_sum:
        for day, each in quarters.items():
            names = [keys.sessions_of_quarter(day, int(number)) for number in each]
            if sum(_read(look, names), Counts()) != of_days[day]:
                found.add(day)
    return SessionsCounted(total=total, differing_days=found, is_sum_of_days=is_sum)


def _by_day(look: Look, days: Iterable[str], key_of: Callable[[str], str]) -> dict[str, Counts]:
    names = {day: key_of(day) for day in sorted(days)}
    return dict(zip(names, _read(look, names.values()), strict=True))


def _read(look: Look, names: Iterable[str]) -> list[Counts]:
    return [Counts(found) for found in look.at(names).values()]
