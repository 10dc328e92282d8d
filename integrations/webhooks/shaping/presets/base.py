"""What a preset is, and what presets share."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from formplatform.forms.domain import JsonObject
from integrations.webhooks.shaping.scenes import Scene, Shown

CUT = "…"
WORDS = {
    "response.submitted": "New response",
    "response.updated": "Changed response",
    "response.deleted": "Deleted response",
    "form.published": "New version",
    "webhook.test": "Test message",
}


class Preset(Protocol):
    """One service: its name, and an event as its documentation wants it."""

    name: ClassVar[str]
    label: ClassVar[str]
    """For people who choose one."""
    takes_selection: ClassVar[bool]
    """Whether it sends data, which a selection or a template may change; else it writes itself."""

    def render(self, scene: Scene) -> JsonObject:
        """The body as JSON, within the service's limits whatever was answered."""


def heading(scene: Scene) -> str:
    """What happened, and to which form."""
    what = WORDS.get(scene.message["type"], str(scene.message["type"]))
    return f"{what}: {scene.title}" if scene.title else what


def clipped(text: str, longest: int, escape: Callable[[str], str] = str) -> str:
    """The text, escaped, cut so that not even its escaped form is longer.

    Escapes work character by character. Lengths are counted in UTF-16 units, as services in
    JavaScript do; who counts characters sees at most as many.
    """
    whole = escape(text[: longest + 1])
    if len(text) <= longest and units(whole) <= longest:
        return whole
    parts, left = [], longest - units(CUT)
    for mark in text:
        part = escape(mark)
        left -= units(part)
        if left < 0:
            break
        parts.append(part)
    return "".join(parts) + CUT


def units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def left_out(all_of_them: Sequence[Shown], used: int) -> str:
    """What to say of answers there was no room for; empty where there was."""
    missing = len(all_of_them) - used
    if missing <= 0:
        return ""
    return f"{missing} more answer{'s' if missing > 1 else ''} not shown."
