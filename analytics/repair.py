"""Mending numbers that differ from the form store: first the days that do, then everything."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from formplatform.core.errors import UnavailableError
from formplatform.forms.domain import FormResponse
from formplatform.forms.storage.base import Place, ResponseQuery
from formplatform.forms.storage.registry import get_store

from .counting import due, settle
from .rebuild import rebuild
from .verification import Verification, verify

PAGE = 500
DAY = timedelta(days=1)
MOST_DAYS = 31
"""Beyond so many days, counting everything anew is no more work and always mends."""


class Remedy(Enum):
    NONE = "none"
    """Nothing differed."""
    WAIT = "wait"
    """Responses are being counted; ask again."""
    DAYS = "days"
    """The responses of the days that differed were moved to their stored revisions."""
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
    before = verify(form_id, deep=deep)
    if not before.has_drifted:
        remedy = Remedy.NONE if before.is_exact else Remedy.WAIT
        return Repaired(before=before, remedy=remedy, after=before)
    if 0 < len(before.days) <= MOST_DAYS and before.counted and not before.keys:
        with suppress(UnavailableError):  # a counted revision that never was can't be read
            for each in before.days:
                settle(map(due, _responses_of(form_id, each.day)))
        after = verify(form_id, deep=deep)
        if after.is_exact:
            return Repaired(before=before, remedy=Remedy.DAYS, after=after)
    rebuild(form_id)
    after = verify(form_id, deep=deep)
    return Repaired(before=before, remedy=Remedy.REBUILD, after=after)


def _responses_of(form_id: str, day: str) -> Iterator[FormResponse]:
    """Every response submitted on a UTC day, deleted ones too."""
    midnight = datetime.combine(date.fromisoformat(day), time(), UTC)
    after: Place | None = None
    while True:
        page = get_store().page_responses(
            ResponseQuery(
                form_id=form_id,
                submitted_from=midnight,
                submitted_before=midnight + DAY,
                include_deleted=True,
                after=after,
                limit=PAGE,
            )
        )
        yield from page
        if len(page) < PAGE:
            return
        after = (page[-1].submitted_at, page[-1].id)
