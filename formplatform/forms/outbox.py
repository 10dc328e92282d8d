"""Publishing what is stored. Every response, version and session is its own outbox row.

Publish first, mark when every subscriber has signed (`core.receipts`): whatever dies in between,
the row stays undispatched and the sweep publishes it again. Every subscriber is idempotent.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.conf import settings
from redis.exceptions import RedisError

from formplatform.core import receipts
from formplatform.core.clock import now
from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.core.publishing import publish
from formplatform.core.receipts import Owed

from . import owed
from .domain import FormResponse, FormVersion, Session, Source
from .storage.base import Place
from .storage.registry import get_store

STALE_AFTER = timedelta(seconds=30)
"""Younger records are merely on their way."""
SWEEP_SECONDS = 10.0
"""One sweep ends before the next begins."""
PAGE = 500
LARGEST_BATCH = 200
"""Events in one message, roughly."""

Record = TypeVar("Record", FormResponse, FormVersion, Session)
Listed = TypeVar("Listed", FormResponse, Session)
Item = TypeVar("Item")


@dataclass(frozen=True)
class Outbox(Generic[Record]):
    """One kind of record that owes events."""

    name: str
    revisions: Callable[[Sequence[Record]], dict[str, int]]
    events: Callable[[Sequence[Record]], Sequence[Event]]
    mark: Callable[[Mapping[str, int]], None]
    queue: Callable[[Record], str] = lambda _: settings.CELERY_TASK_DEFAULT_QUEUE

    def publish(self, records: Sequence[Record], *, anew: bool = False) -> int:
        """Publish what these records owe, unless it is on its way; returns how many records.

        `anew` does it even then. Raises UnavailableError where the broker is down.
        """
        lines: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            lines[self.queue(record)].append(record)
        return sum(self._publish(found, queue, anew=anew) for queue, found in lines.items())

    def _publish(self, records: Sequence[Record], queue: str, *, anew: bool) -> int:
        revisions = self.revisions(records)
        on_their_way = () if anew else _find_on_their_way(Owed(self.name, revisions), queue)
        pairs = zip(records, revisions.items(), strict=True)
        owing = [(record, pair) for record, pair in pairs if pair[0] not in on_their_way]
        for batch in _batches(owing):
            events = self.events([record for record, _ in batch])
            owes = Owed(self.name, dict(pair for _, pair in batch))
            publish(events, owed=owes, queue=queue)
        return len(owing)


def _mark_responses(revisions: Mapping[str, int]) -> None:
    get_store().mark_dispatched(revisions, at=now())


def _mark_sessions(revisions: Mapping[str, int]) -> None:
    get_store().mark_sessions_dispatched(revisions, at=now())


def _mark_versions(revisions: Mapping[str, int]) -> None:
    for form_id, number in map(_split_key, revisions):
        get_store().mark_version_dispatched(form_id, number, at=now())


def _queue_of_response(response: FormResponse) -> str:
    """An imported response waits with the others of its kind; once edited, it is like any other."""
    is_new_import = response.source is Source.IMPORT and response.revision == 1
    queue: str = settings.IMPORT_QUEUE if is_new_import else settings.CELERY_TASK_DEFAULT_QUEUE
    return queue


RESPONSES = Outbox[FormResponse](
    "forms.responses",
    revisions=lambda records: {each.id: each.revision for each in records},
    events=lambda records: list(owed.events_of_responses(records)),
    mark=_mark_responses,
    queue=_queue_of_response,
)
SESSIONS = Outbox[Session](
    "forms.sessions",
    revisions=lambda records: {each.id: each.revision for each in records},
    events=lambda records: [owed.event_of_session(each) for each in records],
    mark=_mark_sessions,
)
VERSIONS = Outbox[FormVersion](
    "forms.versions",
    revisions=lambda records: {version_key(each): 1 for each in records},
    events=lambda records: [owed.event_of_version(each) for each in records],
    mark=_mark_versions,
)
for _outbox in (RESPONSES, SESSIONS, VERSIONS):
    receipts.register_outbox(_outbox.name, _outbox.mark)


def dispatch(response_ids: Collection[str]) -> None:
    """Publish what these responses still owe. Raises UnavailableError."""
    found = get_store().find_responses(response_ids)
    RESPONSES.publish([each for each in found if each.revision > each.dispatched_revision])


def dispatch_sessions(session_ids: Collection[str]) -> None:
    found = get_store().find_sessions(session_ids)
    SESSIONS.publish([each for each in found if each.revision > each.dispatched_revision])


def dispatch_versions(keys: Collection[str]) -> None:
    """Publish versions named by `version_key`, once they are in force."""
    found = [get_store().find_version(*_split_key(key)) for key in keys]
    VERSIONS.publish([each for each in found if each and each.dispatched_at is None])


def dispatch_stale(
    *, before: datetime | None = None, anew: bool = False, seconds: float = SWEEP_SECONDS
) -> int:
    """Publish what a crash or an outage left behind; returns how many records.

    What is on its way is left alone, unless `anew`. Safe to run twice at once: both publish the
    same events. Ends after so many seconds; the next sweep goes on.
    """
    deadline, moment = time.monotonic() + seconds, before or now() - STALE_AFTER
    count = VERSIONS.publish(_stale_versions(moment), anew=anew)
    for page in _pages(get_store().find_undispatched_sessions, moment):
        count += SESSIONS.publish(page, anew=anew)
        if time.monotonic() > deadline:
            break
    for responses in _pages(get_store().find_undispatched, moment):
        count += RESPONSES.publish(responses, anew=anew)
        if time.monotonic() > deadline:
            break
    return count


def _pages(find: Callable[..., list[Listed]], before: datetime) -> Iterator[list[Listed]]:
    after: Place | None = None
    while page := find(before=before, limit=PAGE, after=after):
        yield page
        after = (page[-1].updated_at, page[-1].id)


def _stale_versions(before: datetime) -> list[FormVersion]:
    """Those in force: a publisher that died left the others, for the next one to take up."""
    found = get_store().find_undispatched_versions(before=before, limit=PAGE)
    return [version for version in found if _is_in_force(version)]


def _is_in_force(version: FormVersion) -> bool:
    form = get_store().find_form(version.form_id)
    return form is not None and version.number <= (form.current_version or 0)


def _find_on_their_way(owed: Owed, queue: str) -> Collection[str]:
    try:
        return receipts.find_on_their_way(owed, queue=queue)
    except RedisError as error:
        raise UnavailableError("The broker does not answer; try again.") from error


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), LARGEST_BATCH):
        yield items[start : start + LARGEST_BATCH]


def version_key(version: FormVersion) -> str:
    return f"{version.form_id}/{version.number}"


def _split_key(key: str) -> tuple[str, int]:
    form_id, _, number = key.partition("/")
    return form_id, int(number)
