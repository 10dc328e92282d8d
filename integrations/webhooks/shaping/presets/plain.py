"""The message as it is: JSON for programs."""

from typing import ClassVar

from formplatform.forms.domain import JsonObject
from integrations.webhooks.shaping.scenes import Scene


class Plain:
    name: ClassVar[str] = "plain"
    label: ClassVar[str] = "JSON, for programs"
    takes_selection: ClassVar[bool] = True

    def render(self, scene: Scene) -> JsonObject:
        return scene.message
