"""What the numbers of a form say about themselves: counts and hashes by day, and their balance.

The hash of a day is kept in the 32-bit limbs of `exact_sums`, so that Redis adds and takes away
small integers and the sum is exact; it is reduced modulo 2^64 when it is read.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from formplatform.core.connections import Numbers
from formplatform.forms.storage.hashing import MODULUS, DayHashes

from . import keys, retention
from .exact_sums import LIMB_BITS, balance_of
from .keys import FormKeys
from .server_functions import ServerFunctions
from .session_proof import read_sessions
from .waiting import take_waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The numbers at one look. Two equal looks mean that nothing moved between them."""

    total: int
    days: DayHashes
    quarters: Mapping[str, int]
    """UTC day → the sum of its quarter-hours, while they are kept."""
    sessions: Mapping[str, int]
    """What all sessions add up to."""
    is_balanced: bool
    """Whether the counters of fields add up to their balance, and those of sessions by days."""


def read_counted(client: Numbers, form_id: str) -> Counted:
    """Look at everything once. What is being counted meanwhile may be seen in part."""
    take_waiting(client, ServerFunctions(client), form_id)
    prefix = FormKeys(form_id).prefix
    sessions, sessions_agree = read_sessions(client, form_id)
    head = client.pipeline(transaction=False)
    for key in (keys.stats(), keys.days(), keys.hashes(), keys.fields()):
        head.hgetall(prefix + key)
    stats, days, hashes, fields = map(_counts, head.execute())
    of_fields = _read_sums(client, prefix, _keys_of_fields(fields))
    found = sum(fields.values()) + sum(of_fields.values())
    is_balanced = (found - stats.get(keys.BALANCE, 0)) % keys.BALANCE_MODULUS == 0
    kept = filter(retention.is_kept, days)
    quarters = _read_sums(client, prefix, map(keys.quarter_hours, kept))
    return Counted(
        total=stats.get("total_responses", 0),
        days=_day_hashes(days, hashes),
        quarters={str(keys.day_of_quarters(key)): count for key, count in quarters.items()},
        sessions=sessions,
        is_balanced=sessions_agree and is_balanced,
    )


def _day_hashes(days: Mapping[str, int], limbs: Mapping[str, int]) -> DayHashes:
    sums: dict[str, int] = {}
    for name, digit in limbs.items():
        day, _, index = name.partition(":")
        sums[day] = (sums.get(day, 0) + (digit << LIMB_BITS * int(index))) % MODULUS
    found = {day: (days.get(day, 0), sums.get(day, 0)) for day in days.keys() | sums.keys()}
    return {day: fact for day, fact in found.items() if fact != (0, 0)}


def _keys_of_fields(fields: Iterable[str]) -> list[str]:
    return [make(field) for field in fields for make in (keys.distribution, keys.numbers)]


def _read_sums(client: Numbers, prefix: str, names: Iterable[str]) -> dict[str, int]:
    """Key → the sum of its counters, extremes left out."""
    wanted = list(names)
    pipeline = client.pipeline(transaction=False)
    for name in wanted:
        pipeline.hgetall(prefix + name)
    return {
        name: _added_up(name, _counts(stored))
        for name, stored in zip(wanted, pipeline.execute(), strict=True)
    }


def _added_up(name: str, counters: Mapping[str, int]) -> int:
    return balance_of(counters) if name.endswith(keys.NUMBERS) else sum(counters.values())


def _counts(stored: Mapping[Any, Any]) -> dict[str, int]:
    texts = {_text(name): _text(value) for name, value in stored.items()}
    return {name: int(value) for name, value in texts.items() if name not in keys.EXTREMES}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


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
