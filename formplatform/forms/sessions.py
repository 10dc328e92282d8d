"""A respondent's way through a form: view, start, pages, submit."""

from collections.abc import Collection, Mapping
from datetime import datetime

from formplatform.core.clock import now, to_milliseconds
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError

from .announcing import announce_session
from .domain import Form, FormResponse, Session
from .ids import is_id, new_id
from .schema.problems import Wrong
from .schema.types.base import clean_text
from .storage.registry import get_store

STEPS = frozenset({"view", "start", "submit"})
MOST_PAGES = 500
PAGE_LENGTH = 100

Moments = Mapping[str, datetime | None]


def record_steps(
    form: Form,
    steps: Moments,
    *,
    session_id: str | None = None,
    pages: Moments | None = None,
    response_id: str | None = None,
) -> Session:
    """Note which steps were reached; None means now, and the future is now.

    The same news twice changes nothing, and of two moments the earlier one stays. Raises
    InvalidInputError for an unknown step, a malformed id or page, or too many pages;
    ConflictError where the session belongs to another form.
    """
    moment = now()
    _check(steps, pages or {}, session_id)
    at = {step: _not_after(moment, reached_at) for step, reached_at in steps.items()}
    news = Session(
        id=session_id or new_id(),
        form_id=form.id,
        viewed_at=at.get("view"),
        started_at=at.get("start"),
        submitted_at=at.get("submit"),
        pages={page: _not_after(moment, reached_at) for page, reached_at in (pages or {}).items()},
        response_id=response_id,
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


def _check(
    steps: Mapping[str, object], pages: Mapping[str, object], session_id: str | None
) -> None:
    errors = [
        FieldError(f"steps.{step}", "unknown_step", "Expected view, start or submit.")
        for step in steps.keys() - STEPS
    ]
    if session_id is not None and not is_id(session_id):
        errors.append(FieldError("session_id", "invalid_id", "Expected 24 hexadecimal digits."))
    elif len(pages.keys() | _known_pages(pages, session_id)) > MOST_PAGES:
        errors.append(FieldError("pages", "too_many", f"Expected at most {MOST_PAGES} pages."))
    for page in pages:
        try:
            clean_text(page, longest=PAGE_LENGTH)
        except Wrong as wrong:
            errors.append(FieldError("pages", wrong.code, wrong.message))
    if errors:
        raise InvalidInputError("The steps are not valid.", errors=errors)


def _known_pages(pages: Mapping[str, object], session_id: str | None) -> Collection[str]:
    """Asked only where pages are to be added: a session cannot grow without end."""
    found = get_store().find_sessions([session_id]) if pages and session_id else []
    return {page for session in found for page in session.pages}
