"""What hostile queries are made of: groups of them, each a generator."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Text(str):
    """JSON as it is written, where Python would write it in another way."""

    __slots__ = ()


class Hostile(NamedTuple):
    name: str
    body: Any
    path: str


GROUPS: dict[str, Callable[[], Iterator[Hostile]]] = {}
COUNT = {"aggregate": "count"}
LONG = {"measures": ["count"]}


def group(make):
    GROUPS[make.__name__.replace("_", " ")] = make
    return make


def short(value):
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"


def filtered(condition):
    return COUNT | {"filter": condition}
