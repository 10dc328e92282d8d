"""Values inside somebody else's language: never able to end the place they stand in.

In JSON a value is written by where it stands. Inside a string it becomes text of that string;
anywhere else it becomes a whole JSON value. So neither a quote nor a brace of an answer is ever
read as part of the template, and nobody has to remember a filter.
"""

import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from .budget import Fault

_JSON_MARK = re.compile(r'\\.|"|\\\Z', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DISCORD = re.compile(r"([\\*_~`|>#\[\]()<:-])")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+.!|<>~-])")
WORD_JOINER = "\u2060"
"""Invisible: between an @ and a name, it keeps them from being one mention."""


class JsonWriter:
    """Writes literal text and values of a JSON template, knowing whether it is inside a string."""

    def __init__(self) -> None:
        self.in_string = False

    def literal(self, text: str) -> str:
        for mark in _JSON_MARK.findall(text):
            if mark == '"':
                self.in_string = not self.in_string
            elif mark == "\\":
                raise Fault("invalid_json", "A backslash stands right before a value.")
        return text

    def value(self, encoded: str, text: str) -> str:
        """`encoded` is the value as JSON; `text` is how it reads, as a JSON string in quotes."""
        return text[1:-1] if self.in_string else encoded


def slack(text: str) -> str:
    """For Slack's mrkdwn: with these three escaped there is no <!channel>, <@user> or link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def discord(text: str) -> str:
    """For Discord's Markdown: no mark-up, and no @everyone, <@user> or masked link."""
    return _DISCORD.sub(r"\\\1", text).replace("@", f"@{WORD_JOINER}")


def markdown(text: str) -> str:
    """For the Markdown of adaptive cards: no links, no emphasis; a line stays a line."""
    return _MARKDOWN.sub(r"\\\1", text)


def markup(text: str) -> str:
    """For HTML and XML, in text and between quotes."""
    return html.escape(_CONTROL.sub("", text), quote=True)


def form(text: str) -> str:
    """For application/x-www-form-urlencoded."""
    return quote(text, safe="")


def plain(text: str) -> str:
    return text


ESCAPES: dict[str, Callable[[str], str]] = {
    "text/plain": plain,
    "text/html": markup,
    "text/xml": markup,
    "application/xml": markup,
    "application/x-www-form-urlencoded": form,
}
"""How a value is written in a template of each content type that is not JSON."""
JSON_TYPE = re.compile(r"application/(?:[a-z0-9][a-z0-9.+-]{0,60}\+)?json")
DEFAULT_TYPE = "application/json"


def is_json(content_type: str) -> bool:
    return JSON_TYPE.fullmatch(content_type) is not None


def is_known(content_type: str) -> bool:
    return is_json(content_type) or content_type in ESCAPES


def known_types() -> Iterator[str]:
    yield DEFAULT_TYPE
    yield "application/…+json"
    yield from ESCAPES
