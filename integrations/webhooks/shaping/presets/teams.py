"""Microsoft Teams: an adaptive card, for a Workflows webhook.

A message to Teams has at most about 28 KB (Microsoft's documentation of webhooks and connectors).
Text is escaped as the Markdown that cards understand; a mention would need an entity, and there is
none.
"""

import json
from typing import ClassVar

from formplatform.forms.domain import JsonObject
from integrations.webhooks.shaping.escaping import markdown
from integrations.webhooks.shaping.scenes import Scene

from .base import clipped, heading, left_out

LARGEST = 24 * 1024
"""Bytes of facts: the rest of 28 KB is the card around them."""
LONGEST_TITLE = 300
LONGEST_FACT = 2000
MOST_FACTS = 100


class Teams:
    name: ClassVar[str] = "teams"
    label: ClassVar[str] = "Microsoft Teams"
    takes_selection: ClassVar[bool] = False

    def render(self, scene: Scene) -> JsonObject:
        facts = _facts(scene)
        title = clipped(heading(scene), LONGEST_TITLE, markdown)
        body = [{**_block(title), "size": "medium", "weight": "bolder"}]
        if facts:
            body.append({"type": "FactSet", "facts": facts})
        if more := left_out(scene.shown, len(facts)):
            body.append({**_block(more), "isSubtle": True})
        card: JsonObject = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": body,
        }
        if scene.link:
            card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": scene.link}]
        kind = "application/vnd.microsoft.card.adaptive"
        return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def _block(text: str) -> JsonObject:
    return {"type": "TextBlock", "text": text, "wrap": True}


def _facts(scene: Scene) -> list[JsonObject]:
    facts: list[JsonObject] = []
    left = LARGEST
    for each in scene.shown[:MOST_FACTS]:
        fact = {
            "title": clipped(each.label, LONGEST_TITLE, markdown),
            "value": clipped(each.text, LONGEST_FACT, markdown),
        }
        left -= len(json.dumps(fact, ensure_ascii=False).encode())
        if left < 0:
            break
        facts.append(fact)
    return facts
