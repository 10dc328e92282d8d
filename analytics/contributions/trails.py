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

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from analytics import keys
from analytics.times import retention
from formplatform.forms.domain import Session

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
    left = {*_last(PAGE, session.pages), *_last(FIELD, session.answered)} if is_open else ()
    return Trail(
        quarter=(began - BEGINNING) // QUARTER,
        started=bool(signs) or not is_open,
        submitted=not is_open,
        time=_time(session, signs),
        reached=names_in(session),
        left=frozenset(left),
    )


def names_in(session: Session) -> frozenset[str]:
    """The pages it reached and the fields it answered: they never become fewer."""
    pages = {PAGE + page for page in session.pages}
    return frozenset(pages | {FIELD + field_id for field_id in session.answered})


def _last(kind: str, moments: Mapping[str, datetime]) -> Iterator[str]:
    if moments:
        yield kind + max(moments, key=lambda name: (moments[name], name))


def _time(session: Session, signs: Iterable[datetime]) -> str | None:
    start = min(signs, default=session.viewed_at)
    if start is None or session.submitted_at is None:
        return None
    seconds = (session.submitted_at - start).total_seconds()
    return bucket_of(seconds) if seconds >= SHORTEST_SECONDS else None


@dataclass(frozen=True, slots=True)
class Step:
    """What is added to the counters of one key, which may expire, in seconds since 1970."""

    key: str
    amounts: Mapping[str, int]
    expires_at: int | None = None


def steps_between(moves: Iterable[tuple[Trail | None, Trail | None]]) -> list[Step]:
    """What moves the numbers from one trail of each session to another; None adds nothing.

    A session that stays in its quarter-hour changes only what differs. The counters of a
    quarter-hour are left alone once it is gone.
    """
    quarters: dict[int, Counter[str]] = {}
    for old, new in moves:
        if new is not None:
            quarters.setdefault(new.quarter, Counter()).update(new.counters())
        if old is not None:
            quarters.setdefault(old.quarter, Counter()).subtract(old.counters())
    days: dict[str, dict[int, Counter[str]]] = {}
    for quarter, counts in quarters.items():
        moment = BEGINNING + quarter * QUARTER
        days.setdefault(moment.date().isoformat(), {})[quarter % QUARTERS_A_DAY] = counts
    steps = [step for day, parts in days.items() for step in _steps_of_day(day, parts)]
    steps.append(Step(keys.sessions(), _sum(quarters.values())))
    steps.append(Step(keys.session_days(), {day: _viewed(days[day]) for day in days}))
    return [each for each in map(_without_zeros, steps) if each.amounts]


def _steps_of_day(day: str, quarters: Mapping[int, Counter[str]]) -> Iterator[Step]:
    yield Step(keys.sessions_of_day(day), _sum(quarters.values()))
    if not retention.is_written(day):
        return
    expires_at = retention.expires_at(day)
    listed = {str(number): counts[VIEWED] for number, counts in quarters.items()}
    yield Step(keys.session_quarters(day), listed, expires_at)
    for number, counts in quarters.items():
        yield Step(keys.sessions_of_quarter(day, number), counts, expires_at)


def _sum(parts: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total


def _viewed(quarters: Mapping[int, Counter[str]]) -> int:
    return sum(counts[VIEWED] for counts in quarters.values())


def _without_zeros(step: Step) -> Step:
    amounts = {name: amount for name, amount in step.amounts.items() if amount}
    return Step(step.key, amounts, step.expires_at)
