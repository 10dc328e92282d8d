"""A respondent's way through a form: view, start, pages, submit."""

from collections.abc import Mapping
from datetime import datetime

from formplatform.core.clock import now
from formplatform.core.errors import FieldError, InvalidInputError

from .announcing import announce_session
from .domain import Form, Session
from .ids import is_id, new_id
from .storage.registry import get_store

STEPS = frozenset({"view", "start", "submit"})
MOST_PAGES = 500


def record_steps(
    form: Form,
    steps: Mapping[str, datetime | None],
    *,
    session_id: str | None = None,
    pages: Mapping[str, datetime | None] | None = None,
    response_id: str | None = None,
) -> Session:
    """Note which steps were reached; None means now. The same news twice changes nothing.

    Raises InvalidInputError for an unknown step or a malformed id.
    """
    moment = now()
    _check(steps, pages or {}, session_id)
    at = {step: reached_at or moment for step, reached_at in steps.items()}
    news = Session(
        id=session_id or new_id(),
        form_id=form.id,
        viewed_at=at.get("view"),
        started_at=at.get("start"),
        submitted_at=at.get("submit"),
        pages={page: reached_at or moment for page, reached_at in (pages or {}).items()},
        response_id=response_id,
        updated_at=moment,
    )
    stored = get_store().merge_session(news)
    if stored.dispatched_at is None:
        announce_session(stored.id)
    return stored


def _check(
    steps: Mapping[str, object], pages: Mapping[str, object], session_id: str | None
) -> None:
    errors = [
        FieldError(f"steps.{step}", "unknown_step", "Expected view, start or submit.")
        for step in steps.keys() - STEPS
    ]
    if session_id is not None and not is_id(session_id):
        errors.append(FieldError("session_id", "invalid_id", "Expected 24 hexadecimal digits."))
    if len(pages) > MOST_PAGES:
        errors.append(FieldError("pages", "too_many", f"Expected at most {MOST_PAGES} pages."))
    if errors:
        raise InvalidInputError("The steps are not valid.", errors=errors)
