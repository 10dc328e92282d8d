"""Zapier: one flat object, so that every answer is a field of its own in the editor.

Zapier tells messages apart by `id`. Options come as their labels, since people map them by sight.
"""

from typing import Any, ClassVar

from formplatform.forms.domain import JsonObject
from integrations.webhooks.shaping.scenes import Scene, Shown


class Zapier:
    name: ClassVar[str] = "zapier"
    label: ClassVar[str] = "Zapier"
    takes_selection: ClassVar[bool] = False

    def render(self, scene: Scene) -> JsonObject:
        return {
            "id": scene.event_id,
            "type": scene.message["type"],
            "occurred_at": scene.message["timestamp"],
            "form_id": scene.form_id,
            "form_title": scene.title,
            "response_id": scene.data.get("response_id"),
            "revision": scene.data.get("revision"),
            "link": scene.link,
            **{f"answer_{each.name}": _value(each) for each in scene.shown},
        }


def _value(shown: Shown) -> Any:
    if shown.masked:
        return None
    return shown.value if isinstance(shown.value, bool | int | float) else shown.text
