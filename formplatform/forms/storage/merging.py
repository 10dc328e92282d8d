"""What holds when writers meet: the first record wins, sessions grow by earliest times."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal, TypeVar

from formplatform.core.errors import ConflictError, UnavailableError
from formplatform.forms.domain import Session

ATTEMPTS = 50
LONGEST_PAUSE_SECONDS = 0.02


Item = TypeVar("Item")


def winner(stored: Item | Literal[False] | None) -> Item:
    """The record for which another was not inserted."""
    if stored:
        return stored
    # It was there a moment ago: MongoDB rolled it back when it changed its primary.
    raise UnavailableError("The store is changing over; try again.")


def merge(stored: Session, news: Session) -> Session:
    """What both know together; `stored` itself where nothing is new."""
    merged = replace(
        stored,
        viewed_at=_earliest(stored.viewed_at, news.viewed_at),
        started_at=_earliest(stored.started_at, news.started_at),
        submitted_at=_earliest(stored.submitted_at, news.submitted_at),
        pages=_earliest_of_each(stored.pages, news.pages),
        answered=_earliest_of_each(stored.answered, news.answered),
        response_id=min(filter(None, (stored.response_id, news.response_id)), default=None),
    )
    if merged == stored:
        return stored
    return replace(
        merged,
        revision=stored.revision + 1,
        updated_at=max(stored.updated_at, news.updated_at),
        dispatched_at=None,
    )


def merge_until_stored(
    news: Session,
    *,
    find: Callable[[str], Session | None],
    insert: Callable[[Session], bool],
    replace_at: Callable[[Session, int], bool],
) -> Session:
    """Create or merge; begin again whenever another writer was faster."""
    for _ in range(ATTEMPTS):
        stored = find(news.id)
        if stored is None:
            if insert(news):
                return news
            continue
        if stored.form_id != news.form_id:
            raise ConflictError("This session belongs to another form: start a new one.")
        merged = merge(stored, news)
        if merged is stored or replace_at(merged, stored.revision):
            return merged
        time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 - spreads the writers
    raise UnavailableError("Too many writers on one session; try again.")


def _earliest(first: datetime | None, second: datetime | None) -> datetime | None:
    return min(filter(None, (first, second)), default=None)


def _earliest_of_each(
    stored: dict[str, datetime], news: dict[str, datetime]
) -> dict[str, datetime]:
    return stored | {name: min(moment, stored.get(name, moment)) for name, moment in news.items()}
