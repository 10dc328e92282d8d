"""What a message says: the body of an event, rendered once and then frozen.

    {"type": "response.submitted", "timestamp": "2026-01-09T12:00:00.000Z",
     "data": {"form_id": …, "response_id": …, "revision": 1, "version": 1,
              "answers": {"vote": "yes", "name": null}, "masked": ["name"]}}

Answers are canonical values by field id, as the API returns them. Answers to fields marked as
personal data are null unless the endpoint asks for them; `masked` names those fields.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from analytics.form_fields import fields_of_form
from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.forms.domain import Answers, JsonObject
from formplatform.forms.events import ResponseDeleted, ResponseEvent
from formplatform.forms.responses import answers_at_many

LONGEST_LAG = timedelta(minutes=10)
"""What can't be read after so long is gone: its event is sent without answers."""


class Rendering(StrEnum):
    """The renderings an event can have; each is made only where an endpoint wants it."""

    FULL = "full"
    MASKED = "masked"


def render_payloads(
    wanted: Mapping[Event, Collection[Rendering]],
) -> dict[tuple[str, Rendering], bytes]:
    """The bodies of a batch of events, by event id and rendering.

    The response's answers are those of the event's own revision; they are null where the response
    is deleted or no longer there.

    Raises:
        UnavailableError: a fresh revision cannot be read yet.
    """
    answers = _answers_of([event for event in wanted if isinstance(event, ResponseEvent)])
    return {
        (event.id, rendering): render_payload(
            event, answers=answers.get(event.id), rendering=rendering
        )
        for event, renderings in wanted.items()
        for rendering in renderings
    }


def render_payload(event: Event, *, answers: Answers | None, rendering: Rendering) -> bytes:
    """One body: UTF-8 JSON without needless spaces."""
    data = event.payload()
    for name in ("event", "id", "occurred_at"):
        del data[name]
    if isinstance(event, ResponseEvent) and not isinstance(event, ResponseDeleted):
        data |= _answers_part(event, answers, rendering)
    return encode(event.name, timestamp=event.occurred_at, data=data)


def encode(event_type: str, *, timestamp: str, data: JsonObject) -> bytes:
    message = {"type": event_type, "timestamp": timestamp, "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _answers_part(
    event: ResponseEvent, answers: Answers | None, rendering: Rendering
) -> JsonObject:
    if answers is None:
        return {"answers": None, "masked": []}
    masked = _personal(event.form_id, answers) if rendering is Rendering.MASKED else set()
    return {
        "answers": {key: None if key in masked else value for key, value in answers.items()},
        "masked": sorted(masked),
    }


def _personal(form_id: str, answers: Answers) -> set[str]:
    """Fields that any version marks as personal, or that are calculated from one that is.

    What no version knows cannot be judged: it counts as personal.
    """
    fields = fields_of_form(form_id)
    known = {field_id: fields.find_id(field_id) for field_id in answers}
    return {field_id for field_id, field in known.items() if field is None or field.personal}


def _answers_of(events: Sequence[ResponseEvent]) -> dict[str, Answers | None]:
    """Answers by event id, for a whole batch in one read."""
    wanted = {event.id: (event.response_id, event.revision) for event in events}
    found = answers_at_many(list(wanted.values())) if wanted else {}
    for event in events:
        if wanted[event.id] not in found and _is_young(event):
            # A replica lags behind; the event is delivered to us again.
            raise UnavailableError("A revision can't be read yet.", event=event.id)
    return {event_id: found.get(place) for event_id, place in wanted.items()}


def _is_young(event: Event) -> bool:
    return clock.now() - datetime.fromisoformat(event.occurred_at) < LONGEST_LAG
