"""Discord: one embed, for a channel webhook.

Limits of Discord's documentation (message resource, embed limits): 25 fields, 256 characters in a
title or a field's name, 1024 in its value, 6000 in all together. `allowed_mentions` names nothing,
so that nobody is pinged even where mark-up slipped through.
"""

from typing import ClassVar

from formplatform.forms.domain import JsonObject
from integrations.webhooks.shaping.escaping import discord
from integrations.webhooks.shaping.scenes import Scene

from .base import clipped, heading, left_out, units

MOST_FIELDS = 25
LONGEST_NAME = 256
LONGEST_VALUE = 1024
LONGEST_TOTAL = 6000
FOOTER = 60
"""Room kept for the last line."""
BLANK = "\u200b"
"""A name or value must not be empty."""


class Discord:
    name: ClassVar[str] = "discord"
    label: ClassVar[str] = "Discord"
    takes_selection: ClassVar[bool] = False

    def render(self, scene: Scene) -> JsonObject:
        title = clipped(heading(scene), LONGEST_NAME, discord)
        fields = _fields(scene, LONGEST_TOTAL - FOOTER - units(title))
        embed: JsonObject = {
            "title": title,
            "timestamp": scene.message["timestamp"],
            "fields": fields,
        }
        if scene.link:
            embed["url"] = scene.link
        if more := left_out(scene.shown, len(fields)):
            embed["footer"] = {"text": more}
        return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _fields(scene: Scene, left: int) -> list[JsonObject]:
    fields: list[JsonObject] = []
    for each in scene.shown[:MOST_FIELDS]:
        name = clipped(each.label, LONGEST_NAME, discord).strip() or BLANK
        value = clipped(each.text, LONGEST_VALUE, discord).strip() or BLANK
        left -= units(name) + units(value)
        if left < 0:
            break
        fields.append({"name": name, "value": value, "inline": False})
    return fields
