"""Mending numbers that differ from the form store: no more of them than has to be.

First the responses of the days that differ are moved to their stored revisions, for events may be
lost. Where the stored ones are counted then, and only their counters are wrong, these are set
right. That they are counted is told by either of two witnesses that agrees with the store: the
hashes of the days, or the hash of all. Otherwise everything is counted anew.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial

from analytics import keys
from analytics.counting import due, settle
from analytics.metrics import forget_forms
from analytics.rebuild import rebuild
from formplatform.core.errors import UnavailableError

from .mending import mend_day, mend_totals
from .stored_days import responses_of_day
from .verification import Verification, verify

TRIES = 3
MOST_DAYS = 31
"""Beyond so many days, counting everything anew is no more work and always mends."""


class Remedy(Enum):
    NONE = "none"
    """Nothing differed."""
    WAIT = "wait"
    """Responses are being counted; ask again."""
    DAYS = "days"
    """The responses of the days that differed were moved to their stored revisions."""
    COUNTERS = "counters"
    """The counters of those days, or the totals, were set to what the store says."""
    REBUILD = "rebuild"
    """Everything was counted again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """What was found, what was done about it, and what was found after that."""

    before: Verification
    remedy: Remedy
    after: Verification


def repair(form_id: str, *, deep: bool = False) -> Repaired:
    """Make the numbers what the form store says. Raises ConflictError as `rebuild` does."""
    before = found = verify(form_id, deep=deep)
    if not before.has_drifted:
        remedy = Remedy.NONE if before.is_exact else Remedy.WAIT
        return Repaired(before=before, remedy=remedy, after=before)
    beyond = any(not key.startswith((keys.QUARTERS, keys.MINUTES)) for key in found.damaged)
    for remedy, mend in () if beyond else _LIGHT:
        if mend(found):
            found = verify(form_id, deep=deep)
            if not found.has_drifted:
                return Repaired(before=before, remedy=remedy, after=found)
    rebuild(form_id)
    after = verify(form_id, deep=deep)
    return Repaired(before=before, remedy=Remedy.REBUILD, after=after)


def _move_responses(found: Verification) -> bool:
    """Count what is not counted yet of the days that differ. False where that can't be all."""
    days = [each.day for each in found.days if not each.is_proved]
    if not found.counted or found.keys or not 0 < len(days) <= MOST_DAYS:
        return False
    with suppress(UnavailableError):  # a counted revision that never was can't be read
        for day in days:
            for page in responses_of_day(found.form_id, day):
                settle(map(due, page))
    return True


def _set_counters(found: Verification) -> bool:
    """Set the counters of the days that differ, and the totals, if all else agrees."""
    is_proved = not found.totals_differ or all(each.is_proved for each in found.days)
    of_sessions = any(each.sessions_differ for each in found.days)
    if not is_proved or not found.is_balanced or of_sessions or found.keys:
        return False
    if len(found.days) > MOST_DAYS:
        return False
    form_id = found.form_id
    done = all(_tried(partial(mend_day, form_id, each.day)) for each in found.days)
    if done and found.totals_differ:
        done = _tried(partial(mend_totals, form_id))
    forget_forms([form_id])
    return done


def _tried(mend: Callable[[], bool]) -> bool:
    return any(mend() for _ in range(TRIES))


_LIGHT: Sequence[tuple[Remedy, Callable[[Verification], bool]]] = (
    (Remedy.DAYS, _move_responses),
    (Remedy.COUNTERS, _set_counters),
)
