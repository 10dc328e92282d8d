"""What a respondent's session adds to the numbers of its form. Pure: same session, same numbers.

A session is counted once, in the quarter-hour it began, however its steps come in: late, twice,
or the submit first. Who reached a page or answered a field has started, who submits has too, and
every session has seen the form. A session without a submit counts as left where it was last
seen, from its first moment on: who is still filling in moves on with the next step. Its last page
is the one it came to last, its last field the one it answered last; coming back is no step.

The time to complete runs from the first sign of a start to the submit, from the view where there
is no such sign. Where that is less than a second, everything came at once or the submit came first:
then the session is complete, and its time unknown. A response that is edited changes none of this.
With one that is deleted its whole session is taken out, as if nobody had come.

The counters of a session:

    viewed, started, submitted
    p:<page>, f:<field id>      it reached the page, answered the field
    lp:<page>, lf:<field id>    it has not been submitted, and that was its last one
    t:<bucket>                  the sketch of its time to complete, in seconds
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from formplatform.forms.domain import Session

from . import keys, retention
from .sketches import bucket_of

VIEWED, STARTED, SUBMITTED = "viewed", "started", "submitted"
PAGE, FIELD, LEFT, TIME = "p:", "f:", "l", "t:"
QUARTER = timedelta(minutes=15)
QUARTERS_A_DAY = 96
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trail:
    """A session as it is counted. Names are those of the counters of pages and fields."""

    quarter: int
    """The quarter-hour it began in, since 1970."""
    started: bool = False
    submitted: bool = False
    time: str | None = None
    """The bucket of its time to complete."""
    reached: frozenset[str] = field(default_factory=frozenset)
    left: frozenset[str] = field(default_factory=frozenset)
    """The last page and the last field, until it is submitted."""

    @property
    def day(self) -> str:
        return (BEGINNING + self.quarter * QUARTER).date().isoformat()

    @property
    def number(self) -> int:
        """The number of the quarter-hour in its day."""
        return self.quarter % QUARTERS_A_DAY

    def counters(self) -> Iterator[str]:
        yield VIEWED
        if self.started:
            yield STARTED
        if self.submitted:
            yield SUBMITTED
        yield from self.reached
        for name in self.left:
            yield LEFT + name
        if self.time is not None:
            yield TIME + self.time


def trail_of(session: Session) -> Trail:
    """The trail of a session whose response, if it has one, was not deleted."""
    signs = [*filter(None, [session.started_at]), *session.pages.values()]
    signs += session.answered.values()
    known = [*signs, *filter(None, (session.viewed_at, session.submitted_at))]
    began = min(known, default=session.updated_at)
    is_open = session.submitted_at is None
    reached = {PAGE + page for page in session.pages} | {FIELD + name for name in session.answered}
    left = {*_last(PAGE, session.pages), *_last(FIELD, session.answered)} if is_open else ()
    return Trail(
        quarter=(began - BEGINNING) // QUARTER,
        started=bool(signs) or not is_open,
        submitted=not is_open,
        time=_time(session, signs),
        reached=frozenset(reached),
        left=frozenset(left),
    )


def _last(kind: str, moments: Mapping[str, datetime]) -> Iterator[str]:
    if moments:
        yield kind + max(moments, key=lambda name: (moments[name], name))


def _time(session: Session, signs: Iterable[datetime]) -> str | None:
    start = min(signs, default=session.viewed_at)
    if start is None or session.submitted_at is None:
        return None
    seconds = (session.submitted_at - start).total_seconds()
    return bucket_of(seconds) if seconds >= SHORTEST_SECONDS else None


Step = tuple[list[str], dict[str, int]]
"""Keys within the form, and what is added to the counters of each of them."""


def difference(old: Trail | None, new: Trail | None) -> list[Step]:
    """What moves the numbers from one trail of a session to another; None adds nothing."""
    taken = {} if old is None else dict.fromkeys(old.counters(), -1)
    added = {} if new is None else dict.fromkeys(new.counters(), 1)
    changed = dict(added)
    for name in taken:
        changed[name] = changed.get(name, 0) - 1
    changed = {name: amount for name, amount in changed.items() if amount}
    if old is not None and new is not None and old.quarter == new.quarter:
        return [([keys.sessions(), *_hashes(new)], changed)] if changed else []
    steps: list[Step] = [([keys.sessions()], changed)] if changed else []
    for trail, amounts in ((old, taken), (new, added)):
        if trail is not None:
            steps += [(_hashes(trail), amounts), *_listed(trail, amounts[VIEWED])]
    return steps


def _hashes(trail: Trail) -> list[str]:
    """Of its day and its quarter-hour; of the second only while it lasts."""
    day = keys.sessions_of_day(trail.day)
    is_written = retention.is_written(trail.day)
    return [day, keys.sessions_of_quarter(trail.day, trail.number)] if is_written else [day]


def _listed(trail: Trail, amount: int) -> Iterator[Step]:
    yield [keys.session_days()], {trail.day: amount}
    if retention.is_written(trail.day):
        yield [keys.session_quarters(trail.day)], {str(trail.number): amount}
