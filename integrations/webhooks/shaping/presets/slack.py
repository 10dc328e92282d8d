"""Slack: Block Kit, for an incoming webhook.

Limits of Slack's documentation (Block Kit reference): 50 blocks in a message, 150 characters in a
header, 3000 in a section. With `&`, `<` and `>` escaped and `verbatim` on, no answer becomes a
link, a mention or `<!channel>`.
"""

from typing import ClassVar

from formplatform.forms.domain import JsonObject
from integrations.webhooks.shaping.escaping import slack
from integrations.webhooks.shaping.scenes import Scene, Shown

from .base import clipped, heading, left_out

MOST_ANSWERS = 47
"""Of 50 blocks: the header, the link and the last line are three."""
LONGEST_HEADER = 150
LONGEST_TEXT = 3000
LONGEST_LABEL = 300


class Slack:
    name: ClassVar[str] = "slack"
    label: ClassVar[str] = "Slack"
    takes_selection: ClassVar[bool] = False

    def render(self, scene: Scene) -> JsonObject:
        title = heading(scene)
        header = {"type": "plain_text", "text": clipped(title, LONGEST_HEADER), "emoji": False}
        blocks: list[JsonObject] = [{"type": "header", "text": header}]
        blocks += [_section(_answer(each)) for each in scene.shown[:MOST_ANSWERS]]
        if more := left_out(scene.shown, MOST_ANSWERS):
            blocks.append({"type": "context", "elements": [_text(more)]})
        if scene.link:
            blocks.append(_section(f"<{slack(scene.link)}|Open it>"))
        return {"text": clipped(title, LONGEST_TEXT, slack), "blocks": blocks}


def _answer(shown: Shown) -> str:
    label = clipped(" ".join(shown.label.split()), LONGEST_LABEL, slack)
    answer = clipped(shown.text, LONGEST_TEXT - len(label.encode("utf-16-le")) - 3, slack)
    return f"*{label}*\n{answer}"


def _section(text: str) -> JsonObject:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> JsonObject:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
