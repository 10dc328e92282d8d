"""Comparing the numbers in Redis with the form store: counts and hashes, day by day."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from analytics.metrics import forget_forms
from analytics.numbers import drift
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.forms.domain import JsonObject
from formplatform.forms.storage.hashing import DayHashes
from formplatform.forms.storage.registry import get_store

from .proof import Counted, MonthProof, prove_months, read_counted
from .recount import KeyDifference, compare_with_recount
from .stored_days import EVER, SOON, sum_of_days

LOOKS = 3
"""Numbers that moved during so many looks are being counted: nothing can be said of them."""
NOTHING = (0, 0)


@dataclass(frozen=True, slots=True)
class DayDifference:
    """Responses of a UTC day as stored and counted, and what else tells them apart.

    Of sessions it says that the counters of those that began on it do not add up.
    """

    day: str
    stored: int
    counted: int
    hash_differs: bool = False
    quarter_hours_differ: bool = False
    minutes_differ: bool = False
    sessions_differ: bool = False

    @property
    def is_proved(self) -> bool:
        """Whether the responses that are stored are the ones that are counted."""
        return self.stored == self.counted and not self.hash_differs


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Live responses of a form as stored and as counted, and whatever differs.

    Where it is not `is_settled`, responses are on their way to being counted: that is no drift.
    `totals_differ` says that the responses of all days, or their hashes, come to something else;
    `is_balanced` whether the counters of fields and of sessions add up among themselves.
    `damaged` are keys that hold no counters at all.
    `proofs` has every month that holds a response. `keys` are what a deep look found, None where
    there was none, or no need of one because keys are damaged.
    """

    form_id: str
    stored: int
    counted: int
    days: tuple[DayDifference, ...]
    proofs: tuple[MonthProof, ...]
    totals_differ: bool
    is_balanced: bool
    is_settled: bool
    checked_at: datetime
    damaged: tuple[str, ...] = ()
    keys: tuple[KeyDifference, ...] | None = None

    @property
    def is_exact(self) -> bool:
        alike = self.is_balanced and not self.totals_differ and not self.damaged
        return alike and not self.days and not self.keys

    @property
    def has_drifted(self) -> bool:
        return bool(self.damaged) or (self.is_settled and not self.is_exact)

    @property
    def months(self) -> tuple[str, ...]:
        """The UTC months that hold a day which differs."""
        return tuple(sorted({each.day[: len("YYYY-MM")] for each in self.days}))


def plain(found: Verification) -> JsonObject:
    """What a verification found, as the endpoint and the command say it."""
    return {
        "form_id": found.form_id,
        "exact": found.is_exact,
        "settled": found.is_settled,
        "balanced": found.is_balanced,
        "totals_differ": found.totals_differ,
        "damaged": list(found.damaged),
        "stored": found.stored,
        "counted": found.counted,
        "months": list(found.months),
        "days": [asdict(each) for each in found.days],
        "proofs": [asdict(each) for each in found.proofs],
        "keys": None if found.keys is None else [asdict(each) for each in found.keys],
        "checked_at": clock.to_text(found.checked_at),
    }


def verify(form_id: str, *, deep: bool = False) -> Verification:
    """Compare; `deep` also counts everything anew beside the numbers and compares key by key."""
    found = _look(form_id, deep=deep)
    if found.is_settled:
        drift.remember(form_id, at=found.checked_at, is_exact=found.is_exact)
        forget_forms([form_id])
    return found


def _look(form_id: str, *, deep: bool) -> Verification:
    store, checked_at = get_store(), clock.now()
    for _ in range(LOOKS):
        before = read_counted(numbers(), form_id)
        stored = store.day_hashes(form_id, **EVER)
        # In this order: whatever was committed before `stored` was read is waiting still, or
        # counted by the second look; whatever was counted since makes the looks differ.
        is_waiting = store.is_waiting(form_id, before=clock.now() + SOON)
        counted = read_counted(numbers(), form_id)
        if counted == before:
            break
    recounted = compare_with_recount(form_id) if deep and not counted.damaged else None
    count, whole = sum_of_days(stored)
    return Verification(
        form_id=form_id,
        stored=count,
        counted=counted.total,
        days=tuple(_differing_days(stored, counted)),
        proofs=prove_months(stored, counted.days),
        totals_differ=(count, whole) != (counted.total, counted.hash),
        is_balanced=counted.is_balanced,
        is_settled=counted == before and not is_waiting,
        checked_at=checked_at,
        damaged=tuple(sorted(counted.damaged)),
        keys=recounted,
    )


def _differing_days(stored: DayHashes, counted: Counted) -> Iterator[DayDifference]:
    passing = counted.quarters, counted.minutes
    days = {*stored, *counted.days, *counted.quarters, *counted.days_of_sessions}
    for day in sorted(days):
        there, here = stored.get(day, NOTHING), counted.days.get(day, NOTHING)
        quarters, minutes = (each.get(day, here[0]) != here[0] for each in passing)
        sessions = day in counted.days_of_sessions
        if there != here or quarters or minutes or sessions:
            unlike = there[1] != here[1], quarters, minutes, sessions
            yield DayDifference(day, there[0], here[0], *unlike)
