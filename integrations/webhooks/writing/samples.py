"""Plausible messages of a form that nobody sent: what settings are tried on before they are saved.

Every kind of event the endpoint listens to comes once with everything answered and, where it has
answers, once with nothing answered, since that is what breaks templates in the wild.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from analytics.fields.form_fields import fields_of_form
from analytics.query.fields import Field, Fields, Kind
from formplatform.core import clock
from formplatform.core.events import Event, event_from
from formplatform.forms.domain import Answers, JsonObject
from formplatform.forms.events import ResponseEvent
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.events import DELIVERABLE
from integrations.webhooks.models import Webhook
from integrations.webhooks.shaping.scenes import Scene

from .messages import message_of, scene_of
from .renderings import rendering_of

FORM_ID = RESPONSE_ID = "0" * 24
OCCURRED_AT = "2026-01-09T12:00:00.000Z"
TITLE = "Sample form"
_VALUES: dict[Kind, Any] = {
    Kind.TEXT: "Sample text",
    Kind.NUMBER: 1,
    Kind.BOOLEAN: True,
    Kind.DATE: "2026-01-09",
    Kind.TIME: "12:00:00",
    Kind.MOMENT: OCCURRED_AT,
    Kind.MIXED: 1,
    Kind.FILE: {"id": "f1", "name": "sample.pdf", "size": 1, "content_type": "application/pdf"},
}


def sample_scenes(
    form_id: str, events: Collection[str], *, personal: bool
) -> list[tuple[str, Scene]]:
    """What to call each, and the scene. Without a form: messages of a form without fields."""
    fields = fields_of_form(form_id) if form_id else Fields(())
    form = get_store().find_form(form_id) if form_id else None
    found = []
    for event_type in DELIVERABLE:
        if event_type.name in events:
            event = _event(event_type, form_id or FORM_ID, fields.newest_version or 1)
            for words, answers in _cases(event, fields):
                scene = scene_of(
                    event, answers=answers, personal=personal, title=form.title if form else TITLE
                )
                found.append((f"{event_type.name}{words}", scene))
    return found


def test_scene(webhook: Webhook, *, event_id: str, event_type: str, data: JsonObject) -> Scene:
    """A test message; where the endpoint shapes its messages, with a sample's answers to shape."""
    rendering, now = rendering_of(webhook), clock.to_text(clock.now())
    bare = Scene(
        event_id=event_id,
        message=message_of(event_type, timestamp=now, data=data),
        form_id=webhook.form_id,
        title="",
        link=None,
        known=(),
        shown=(),
    )
    if not rendering.is_shaped:
        return bare
    scenes = sample_scenes(webhook.form_id, webhook.events, personal=rendering.personal)
    if not scenes:
        return bare
    sample = scenes[0][1]
    message = message_of(event_type, timestamp=now, data={**sample.data, **data})
    return replace(sample, event_id=event_id, message=message)


def _event(event_type: type[Event], form_id: str, version: int) -> Event:
    given = {"occurred_at": OCCURRED_AT, "form_id": form_id, "version": version}
    if issubclass(event_type, ResponseEvent):
        response = {"response_id": RESPONSE_ID, "revision": 1}
        return event_from(
            {"event": event_type.name, "id": f"evt_{RESPONSE_ID}_1", **given, **response}
        )
    return event_from({"event": event_type.name, "id": f"evt_{form_id}_v{version}", **given})


def _cases(event: Event, fields: Fields) -> list[tuple[str, Answers]]:
    if not isinstance(event, ResponseEvent):
        return [("", {})]
    full = {each.id: _value(each) for each in fields}
    return [(" with everything answered", full), (" with nothing answered", {})]


def _value(field: Field) -> Any:
    option = next(iter(field.options), "")
    if field.kind is Kind.MATRIX:
        return dict.fromkeys(field.rows, option)
    if field.kind is Kind.OPTIONS:
        return [option]
    if field.kind is Kind.RANKING:
        return list(field.options)
    if field.steps:
        return field.steps[1]
    return option or _VALUES[field.kind]
