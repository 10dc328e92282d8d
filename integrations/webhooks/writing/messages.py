"""What a message says: an event with its answers, and the bytes made of it for each endpoint.

    {"type": "response.submitted", "timestamp": "2026-01-09T12:00:00.000Z",
     "data": {"form_id": …, "response_id": …, "revision": 1, "version": 1,
              "answers": {"vote": "yes", "name": null}, "masked": ["name"]}}

Answers are canonical values by field id, as the API returns them. Answers to fields marked as
personal data are null unless the endpoint asks for them; `masked` names those fields.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings

from analytics.fields.form_fields import fields_of_form
from analytics.query.fields import Fields
from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.core.events import Event
from formplatform.forms.domain import Answers, JsonObject
from formplatform.forms.events import ResponseDeleted, ResponseEvent
from formplatform.forms.responses import answers_at_many
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.shaping.budget import Fault
from integrations.webhooks.shaping.scenes import Choices, Scene, show_answers

from .renderings import TOO_LARGE, Rendering, body_of

logger = logging.getLogger(__name__)

LONGEST_LAG = timedelta(minutes=10)
"""What can't be read after so long is gone: its event is sent without answers."""
AnswersByEvent = Mapping[str, Answers | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why there are no bytes: `code` is "template" or "too_large", `message` says where."""

    code: str
    message: str


INTERNAL = Failure(code="template", message="An error of the platform.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What came of a batch, by event id and rendering: bytes, or the reason why not."""

    bodies: dict[tuple[str, Rendering], bytes] = field(default_factory=dict)
    failures: dict[tuple[str, Rendering], Failure] = field(default_factory=dict)


def render_payloads(
    wanted: Mapping[Event, Collection[Rendering]], *, answers: AnswersByEvent | None = None
) -> Rendered:
    """The bodies of a batch of events.

    The response's answers are those of the event's own revision; they are null where the response
    is no longer there. A template that fails costs its own endpoints the message, nobody else.

    Args:
        wanted: which renderings of which events.
        answers: what `read_answers` found, where it was read already.

    Raises:
        UnavailableError: a fresh revision cannot be read yet.
    """
    known = read_answers(list(wanted)) if answers is None else answers
    title_of = cache(_title_of)
    rendered = Rendered()
    for event, renderings in wanted.items():
        for rendering in renderings:
            title = title_of(_form_id(event)) if rendering.is_shaped else ""
            scene = scene_of(
                event, answers=known.get(event.id), personal=rendering.personal, title=title
            )
            try:
                rendered.bodies[event.id, rendering] = body_of(scene, rendering)
            except Fault as fault:
                rendered.failures[event.id, rendering] = failure_of(fault)
            except Exception:
                logger.exception("writing a webhook message failed inside the platform")
                rendered.failures[event.id, rendering] = INTERNAL
    return rendered


def failure_of(fault: Fault) -> Failure:
    code = TOO_LARGE if fault.code == TOO_LARGE else "template"
    return Failure(code=code, message=str(fault)[:200])


def scene_of(event: Event, *, answers: Answers | None, personal: bool, title: str) -> Scene:
    """An event as an endpoint may see it, with personal answers or without."""
    data = event.payload()
    for name in ("event", "id", "occurred_at"):
        del data[name]
    fields = fields_of_form(_form_id(event))
    if isinstance(event, ResponseEvent) and not isinstance(event, ResponseDeleted):
        data |= _answers_part(fields, answers, personal=personal)
    known = _choices_of(fields)
    return Scene(
        event_id=event.id,
        message=message_of(event.name, timestamp=event.occurred_at, data=data),
        form_id=_form_id(event),
        title=title,
        link=_link_to(_form_id(event), str(getattr(event, "response_id", ""))),
        known=known,
        shown=show_answers(data.get("answers") or {}, known, data.get("masked", ())),
    )


def message_of(event_type: str, *, timestamp: str, data: JsonObject) -> JsonObject:
    return {"type": event_type, "timestamp": timestamp, "data": data}


def read_answers(events: Sequence[Event]) -> dict[str, Answers | None]:
    """Answers by event id, for a whole batch in one read.

    Of a deletion they are those before it: filters ask them, no message holds them.
    """
    wanted = {
        event.id: (event.response_id, event.revision - isinstance(event, ResponseDeleted))
        for event in events
        if isinstance(event, ResponseEvent)
    }
    found = answers_at_many(list(wanted.values())) if wanted else {}
    for event in events:
        if event.id in wanted and wanted[event.id] not in found and _is_young(event):
            # A replica lags behind; the event is delivered to us again.
            raise UnavailableError("A revision can't be read yet.", event=event.id)
    return {event_id: found.get(place) for event_id, place in wanted.items()}


def _answers_part(fields: Fields, answers: Answers | None, *, personal: bool) -> JsonObject:
    if answers is None:
        return {"answers": None, "masked": []}
    masked = set() if personal else personal_among(fields, answers)
    return {
        "answers": {key: None if key in masked else value for key, value in answers.items()},
        "masked": sorted(masked),
    }


def personal_among(fields: Fields, field_ids: Collection[str]) -> set[str]:
    """Fields that any version marks as personal, or that are calculated from one that is.

    What no version knows cannot be judged: it counts as personal.
    """
    known = {field_id: fields.find_id(field_id) for field_id in field_ids}
    return {field_id for field_id, found in known.items() if found is None or found.personal}


def _choices_of(fields: Fields) -> tuple[Choices, ...]:
    return tuple(
        Choices(id=each.id, name=each.name, label=each.label, options=each.options, rows=each.rows)
        for each in fields
    )


def _form_id(event: Event) -> str:
    return str(getattr(event, "form_id", ""))


def _title_of(form_id: str) -> str:
    form = get_store().find_form(form_id) if form_id else None
    return form.title if form else ""


def _link_to(form_id: str, response_id: str) -> str | None:
    if not settings.PUBLIC_URL or not form_id:
        return None
    form = f"{settings.PUBLIC_URL.rstrip('/')}/api/v2/forms/{form_id}/"
    return f"{form}responses/{response_id}/" if response_id else form


def _is_young(event: Event) -> bool:
    return clock.now() - datetime.fromisoformat(event.occurred_at) < LONGEST_LAG
