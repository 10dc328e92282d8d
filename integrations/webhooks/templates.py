"""What a message says: the body of an event, rendered once and then frozen.

    {"type": "response.submitted", "timestamp": "2026-01-09T12:00:00.000Z",
     "data": {"form_id": …, "response_id": …, "revision": 1, "version": 1,
              "answers": {"vote": "yes", "name": null}, "masked": ["name"]}}

Answers are keyed by the fields' names, as callers send them, and hold canonical values. Answers to
fields marked as personal data are null unless the endpoint asks for them; `masked` names them.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from formplatform.core.events import Event
from formplatform.forms.domain import Answers, JsonObject
from formplatform.forms.events import ResponseDeleted, ResponseEvent
from formplatform.forms.storage.registry import get_store


class Rendering(StrEnum):
    """The renderings an event can have; each is made only where an endpoint wants it."""

    FULL = "full"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Field:
    """What rendering needs to know of a field."""

    id: str
    name: str
    personal: bool


def render_payloads(
    wanted: Mapping[Event, Collection[Rendering]],
) -> dict[tuple[str, Rendering], bytes]:
    """The bodies of a batch of events, by event id and rendering.

    The response's answers are those of the event's own revision; they are null where the response
    is deleted or no longer there.
    """
    responses = [event for event in wanted if isinstance(event, ResponseEvent)]
    answers = _answers_of(responses)
    fields = _fields_of(responses)
    return {
        (event.id, rendering): render_payload(
            event,
            answers=answers.get(event.id),
            fields=fields.get((event.form_id, event.version), ())
            if isinstance(event, ResponseEvent)
            else (),
            rendering=rendering,
        )
        for event, renderings in wanted.items()
        for rendering in renderings
    }


def render_payload(
    event: Event, *, answers: Answers | None, fields: Sequence[Field], rendering: Rendering
) -> bytes:
    """One body: UTF-8 JSON without needless spaces."""
    data = event.payload()
    for name in ("event", "id", "occurred_at"):
        del data[name]
    if isinstance(event, ResponseEvent) and not isinstance(event, ResponseDeleted):
        data |= _answers_part(answers, fields, rendering)
    return encode(event.name, timestamp=event.occurred_at, data=data)


def encode(event_type: str, *, timestamp: str, data: JsonObject) -> bytes:
    message = {"type": event_type, "timestamp": timestamp, "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _answers_part(
    answers: Answers | None, fields: Sequence[Field], rendering: Rendering
) -> JsonObject:
    if answers is None:
        return {"answers": None, "masked": []}
    known = {field.id: field for field in fields}
    # An answer whose field the version does not know cannot be judged: it counts as personal.
    named = {
        field_id: known.get(field_id, Field(field_id, field_id, personal=True))
        for field_id in answers
    }
    hidden = {
        field_id
        for field_id, field in named.items()
        if field.personal and rendering is Rendering.MASKED
    }
    return {
        "answers": {
            named[field_id].name: None if field_id in hidden else value
            for field_id, value in answers.items()
        },
        "masked": sorted(named[field_id].name for field_id in hidden),
    }


def _answers_of(events: Iterable[ResponseEvent]) -> dict[str, Answers]:
    """Answers by event id, for a whole batch in one read."""
    wanted = {(event.response_id, event.revision): event.id for event in events}
    if not wanted:
        return {}
    found = get_store().find_revisions(list(wanted))
    return {
        wanted[(fact.response_id, fact.revision)]: fact.data
        for fact in found
        if fact.data is not None
    }


def _fields_of(events: Iterable[ResponseEvent]) -> dict[tuple[str, int], list[Field]]:
    """Fields by form and version."""
    wanted = {(event.form_id, event.version) for event in events}
    versions = [get_store().find_version(form_id, number) for form_id, number in wanted]
    return {
        (version.form_id, version.number): [
            Field(f["id"], f.get("name", f["id"]), personal=bool(f.get("pii")))
            for f in version.definition["fields"]
        ]
        for version in versions
        if version is not None
    }
