"""What analytics does when something happens to a response or a session."""

from collections.abc import Sequence

from formplatform.core.events import Event, subscribe
from formplatform.forms.events import (
    ResponseDeleted,
    ResponseSubmitted,
    ResponseUpdated,
    SessionAdvanced,
)

from . import counting, metrics, session_counting


@subscribe(ResponseSubmitted, ResponseUpdated, ResponseDeleted, name="analytics.count_responses")
def count_responses(events: Sequence[Event]) -> None:
    counting.count_responses(events)
    metrics.forget(events)


@subscribe(SessionAdvanced, ResponseDeleted, name="analytics.count_sessions")
def count_sessions(events: Sequence[Event]) -> None:
    session_counting.count_sessions(events)
    metrics.forget(events)
