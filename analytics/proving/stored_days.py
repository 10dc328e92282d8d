"""What the form store holds, by UTC days."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from analytics.times.series import midnight_of
from formplatform.forms.domain import FormResponse
from formplatform.forms.storage.base import Place, ResponseQuery
from formplatform.forms.storage.hashing import MODULUS, DayHashes
from formplatform.forms.storage.registry import get_store

PAGE = 500
DAY = timedelta(days=1)
SOON = timedelta(seconds=1)
"""Whatever was committed by now was stamped before that, by another machine's clock too."""


class Span(TypedDict):
    since: datetime
    until: datetime


EVER = Span(since=datetime(1, 1, 1, tzinfo=UTC), until=datetime(9999, 12, 31, tzinfo=UTC))


def sum_of_days(days: DayHashes) -> tuple[int, int]:
    """How many responses there are in all, and their hash."""
    counts, hashes = zip(*days.values(), strict=True) if days else ((), ())
    return sum(counts), sum(hashes) % MODULUS


def responses_of_day(form_id: str, day: str) -> Iterator[Sequence[FormResponse]]:
    """Every response submitted on a UTC day, deleted ones too, page by page."""
    midnight = midnight_of(day)
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
        yield page
        if len(page) < PAGE:
            return
        after = (page[-1].submitted_at, page[-1].id)
