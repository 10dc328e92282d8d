"""What the forms domain does when something happened to a form."""

from collections.abc import Sequence
from typing import cast

from caching import keys, tags
from formplatform.core.events import Event, subscribe

from . import sessions
from .events import (
    FormPublished,
    ResponseDeleted,
    ResponseSubmitted,
    ResponseUpdated,
    SessionAdvanced,
)
from .storage.registry import get_store

FormEvent = ResponseSubmitted | ResponseUpdated | ResponseDeleted | SessionAdvanced | FormPublished


@subscribe(
    ResponseSubmitted,
    ResponseUpdated,
    ResponseDeleted,
    SessionAdvanced,
    FormPublished,
    name="caching.bump_form",
)
def bump_form(events: Sequence[Event]) -> None:
    """Make what was computed from these forms stale. Numbers are bumped again once counted."""
    form_ids = {event.form_id for event in cast("Sequence[FormEvent]", events)}
    tags.bump(*(keys.form_tag(form_id) for form_id in sorted(form_ids)))


@subscribe(ResponseSubmitted, name="forms.link_sessions")
def link_sessions(events: Sequence[Event]) -> None:
    """A session that ended in a response is submitted."""
    ids = {event.response_id for event in cast("Sequence[ResponseSubmitted]", events)}
    sessions.link_responses(get_store().find_responses(ids))
