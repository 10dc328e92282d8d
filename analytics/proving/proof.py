"""What the numbers of a form say about themselves: counts and hashes by day, and their balance.

The hash of a day is kept in the 32-bit limbs of `exact_sums`, so that Redis adds and takes away
small integers and the sum is exact; it is reduced modulo 2^64 when it is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from analytics import keys
from analytics.contributions.exact_sums import LIMB_BITS, balance_of
from analytics.keys import FormKeys
from analytics.numbers.counters import Look, integer
from analytics.numbers.server_functions import ServerFunctions
from analytics.numbers.waiting import take_waiting
from analytics.times import retention
from formplatform.core.connections import Numbers
from formplatform.forms.storage.hashing import MODULUS, DayHashes

from .session_proof import read_sessions

NEVER = -(2**62)
"""What no counters come to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The numbers at one look. Two equal looks mean that nothing moved between them."""

    total: int
    hash: int
    """Of all responses, kept apart from those of the days."""
    days: DayHashes
    quarters: Mapping[str, int]
    """UTC day → the sum of its quarter-hours, while they are kept."""
    minutes: Mapping[str, int]
    """The same of its minutes."""
    sessions: Mapping[str, int]
    """What all sessions add up to."""
    days_of_sessions: Set[str]
    """UTC days whose sessions do not add up."""
    is_balanced: bool
    """Whether the counters of fields add up to their balance, and the days of sessions to all."""
    damaged: Set[str]
    """Keys that hold something else than counters."""


def read_counted(client: Numbers, form_id: str) -> Counted:
    """Look at everything once. What is being counted meanwhile may be seen in part."""
    form = FormKeys(form_id)
    look = Look(client, form.prefix)
    with look.noting(keys.GENERATION):
        integer(client.get(form.generation) or 0)
    with look.noting(keys.WAITING):
        client.strlen(form.prefix + keys.waiting())
        take_waiting(client, ServerFunctions(client), form_id)
    sessions = read_sessions(look)
    stats, days, hashes, fields = look.at(
        [keys.stats(), keys.days(), keys.hashes(), keys.fields()]
    ).values()
    of_fields = _sums(look, _keys_of_fields(fields))
    found = sum(fields.values()) + sum(of_fields.values())
    is_balanced = (found - stats.get(keys.BALANCE, 0)) % keys.BALANCE_MODULUS == 0
    quarters = map(keys.quarter_hours, filter(retention.is_kept, days))
    minutes = map(keys.minutes, filter(retention.is_kept_by_minutes, days))
    return Counted(
        total=stats.get(keys.TOTAL, 0),
        hash=hash_of(stats),
        days=_day_hashes(days, hashes),
        quarters=_by_its_day(_sums(look, quarters)),
        minutes=_by_its_day(_sums(look, minutes)),
        sessions=sessions.total,
        days_of_sessions=sessions.differing_days,
        is_balanced=sessions.agrees and is_balanced,
        damaged=look.damaged,
    )


def hash_of(totals: Mapping[str, int]) -> int:
    """The hash of all responses, whose limbs are among the totals."""
    limbs = {name: digit for name, digit in totals.items() if name.startswith(keys.HASH)}
    shifts = {name: LIMB_BITS * int(name.removeprefix(keys.HASH)) for name in limbs}
    return sum(digit << shifts[name] for name, digit in limbs.items()) % MODULUS


def _day_hashes(days: Mapping[str, int], limbs: Mapping[str, int]) -> DayHashes:
    sums: dict[str, int] = {}
    for name, digit in limbs.items():
        day, _, index = name.partition(":")
        sums[day] = (sums.get(day, 0) + (digit << LIMB_BITS * int(index))) % MODULUS
    found = {day: (days.get(day, 0), sums.get(day, 0)) for day in days.keys() | sums.keys()}
    return {day: fact for day, fact in found.items() if fact != (0, 0)}


def _keys_of_fields(fields: Iterable[str]) -> list[str]:
    return [make(field) for field in fields for make in (keys.distribution, keys.numbers)]


def _by_its_day(sums: Mapping[str, int]) -> dict[str, int]:
    return {key.rpartition(":")[2]: found for key, found in sums.items()}


def _sums(look: Look, names: Iterable[str]) -> dict[str, int]:
    """Key → the sum of its counters; of a damaged one NEVER."""
    found = {name: _added_up(name, counters) for name, counters in look.at(names).items()}
    return {name: NEVER if name in look.damaged else sum_ for name, sum_ in found.items()}


def _added_up(name: str, counters: Mapping[str, int]) -> int:
    return balance_of(counters) if name.endswith(keys.NUMBERS) else sum(counters.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthProof:
    """Live responses of a UTC month, and their hash modulo 2^64, as stored and as counted."""

    month: str
    stored: int
    counted: int
    stored_hash: str
    counted_hash: str


def prove_months(stored: DayHashes, counted: DayHashes) -> tuple[MonthProof, ...]:
    """The days of each month added up. Equal days make equal months; the reverse is not proved."""
    there, here = _by_month(stored), _by_month(counted)
    return tuple(
        MonthProof(
            month=month,
            stored=there[month][0],
            counted=here[month][0],
            stored_hash=f"{there[month][1]:016x}",
            counted_hash=f"{here[month][1]:016x}",
        )
        for month in sorted(there.keys() | here.keys())
    )


def _by_month(days: DayHashes) -> dict[str, tuple[int, int]]:
    months: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for day, (count, found) in days.items():
        month = day[: len("YYYY-MM")]
        before = months[month]
        months[month] = (before[0] + count, (before[1] + found) % MODULUS)
    return months
