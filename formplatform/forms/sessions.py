"""A respondent's way through a form: view, start, pages, fields, submit."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from formplatform.core.clock import now, to_milliseconds
from formplatform.core.errors import ConflictError

from .announcing import announce_session
from .domain import Form, FormResponse, Session
from .ids import is_id, new_id
from .schema.definition import Definition
from .schema.problems import Problems
from .storage.registry import get_store
from .versions import current_definition, get_definition

STEPS = frozenset({"view", "start", "submit"})
TICK = timedelta(milliseconds=1)

Moments = Mapping[str, datetime | None]


def record_steps(
    form: Form,
    steps: Moments,
    *,
    session_id: str | None = None,
    pages: Moments | None = None,
    fields: Moments | None = None,
) -> Session:
    """Note which steps and pages were reached and which fields (by id) answered, in that order.

    None means now, and the future is now; those without a moment are a millisecond apart, so that
    it stays known which came last. The same news twice changes nothing, and of two moments the
    earlier one stays. Raises InvalidInputError for an unknown step, a malformed id, or a page or
    field that no published version has; ConflictError where the session belongs to another form.
    """
    moment = now()
    _check(form, steps, pages or {}, fields or {}, session_id)
    at = {step: _not_after(moment, reached_at) for step, reached_at in steps.items()}
    news = Session(
        id=session_id or new_id(),
        form_id=form.id,
        viewed_at=at.get("view"),
        started_at=at.get("start"),
        submitted_at=at.get("submit"),
        pages=_one_after_another(pages or {}, moment),
        answered=_one_after_another(fields or {}, moment),
        updated_at=moment,
    )
    return _merge(news)


def link_responses(responses: Collection[FormResponse]) -> None:
    """Tell the sessions that ended in these responses. Again is harmless."""
    for response in responses:
        if response.session_id is None:
            continue
        news = Session(
            id=response.session_id,
            form_id=response.form_id,
            submitted_at=response.submitted_at,
            response_id=response.id,
            updated_at=now(),
        )
        try:
            _merge(news)
        except ConflictError:  # an id of another form's session: the respondent's own mistake
            continue


def _merge(news: Session) -> Session:
    stored = get_store().merge_session(news)
    if stored.dispatched_at is None:
        announce_session(stored.id)
    return stored


def _not_after(moment: datetime, reached_at: datetime | None) -> datetime:
    return moment if reached_at is None else min(moment, to_milliseconds(reached_at))


def _one_after_another(moments: Moments, last: datetime) -> dict[str, datetime]:
    begin = last - TICK * max(len(moments) - 1, 0)
    return {
        name: begin + number * TICK if reached_at is None else _not_after(last, reached_at)
        for number, (name, reached_at) in enumerate(moments.items())
    }


def _check(
    form: Form,
    steps: Collection[str],
    pages: Collection[str],
    fields: Collection[str],
    session_id: str | None,
) -> None:
    problems = Problems()
    for step in set(steps) - STEPS:
        problems.add(f"steps.{step}", "unknown_step", "Expected view, start or submit.")
    if session_id is not None and not is_id(session_id):
        problems.add("session_id", "invalid_id", "Expected 24 hexadecimal digits.")
    _check_names(form, pages, _PAGES, problems)
    _check_names(form, fields, _FIELDS, problems)
    problems.raise_if_any("The steps are not valid.")


@dataclass(frozen=True, slots=True)
class _Naming:
    """What a definition may name, and how it is said that it does not."""

    place: str
    names: Callable[[Definition], Iterable[str]]
    code: str
    message: str


_PAGES = _Naming(
    "pages",
    lambda definition: {field.page for field in definition.fields if field.page},
    "unknown_page",
    "No field of the form is on such a page.",
)
_FIELDS = _Naming(
    "fields",
    lambda definition: definition.by_id,
    "unknown_field",
    "The form has no field with this id.",
)


def _check_names(form: Form, given: Collection[str], naming: _Naming, problems: Problems) -> None:
    """Older versions count too, as somebody may have them open; they are read only if need be."""
    unknown, known = set(given), set[str]()
    if unknown and form.current_version is not None:
        known = set(naming.names(current_definition(form)[1]))
    if unknown - known:
        numbers = [version.number for version in get_store().list_versions(form.id)]
        known.update(*(naming.names(get_definition(form.id, number)) for number in numbers))
    for name in sorted(unknown - known):
        problems.add(naming.place, naming.code, naming.message, near=(name, known))
