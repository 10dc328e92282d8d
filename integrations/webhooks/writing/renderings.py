"""A rendering: how one endpoint wants an event written. Equal renderings share their bytes."""

import hashlib
import json
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any, Protocol

from integrations.webhooks.shaping.budget import Budget, Fault
from integrations.webhooks.shaping.escaping import DEFAULT_TYPE, is_json
from integrations.webhooks.shaping.presets.registry import PLAIN, presets
from integrations.webhooks.shaping.sandbox import render
from integrations.webhooks.shaping.scenes import Scene
from integrations.webhooks.shaping.selections import select

LARGEST_SHAPED = 256 * 1024
"""Bytes that a selection or a template may make."""
LARGEST_BODY = 2 * 1024 * 1024
"""Bytes of a message that nobody wrote: more than one response can hold."""
DIGEST_LENGTH = 24
TOO_LARGE = "too_large"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """What decides the bytes of a message, apart from the event."""

    personal: bool = False
    """Whether answers to personal fields are in it."""
    selection: str = ""
    template: str = ""
    preset: str = PLAIN
    content_type: str = DEFAULT_TYPE

    @property
    def is_shaped(self) -> bool:
        """Whether it is anything else than the message as it is."""
        return bool(self.selection or self.template) or self.preset != PLAIN

    @property
    def digest(self) -> str:
        """A short name: the same for the same settings, in every process and for ever."""
        return _digest_of(self)


MASKED = Rendering()
FULL = Rendering(personal=True)


class Settings(Protocol):
    """What an endpoint says about its messages: a stored one, or one that is being filled in."""

    @property
    def include_personal_data(self) -> bool: ...
    @property
    def selection(self) -> str: ...
    @property
    def template(self) -> str: ...
    @property
    def preset(self) -> str: ...
    @property
    def content_type(self) -> str: ...


def rendering_of(endpoint: Settings) -> Rendering:
    """How an endpoint wants its messages."""
    return Rendering(
        personal=endpoint.include_personal_data,
        selection=endpoint.selection,
        template=endpoint.template,
        preset=endpoint.preset,
        content_type=endpoint.content_type,
    )


def body_of(scene: Scene, rendering: Rendering) -> bytes:
    """The bytes to send.

    Raises:
        Fault: the selection or the template fails on this message, or makes too much of it.
    """
    budget = Budget()
    limit = LARGEST_SHAPED if rendering.selection or rendering.template else LARGEST_BODY
    selected: Any = None
    if rendering.selection:
        selected = select(rendering.selection, scene.message, budget=budget)
    if rendering.template:
        body = _from_template(scene, rendering, selected, budget)
    elif rendering.selection:
        body = encode_json(selected)
    else:
        body = encode_json(presets()[rendering.preset].render(scene))
    if len(body) > limit:
        raise Fault(TOO_LARGE, f"The message has {len(body):,} bytes; at most {limit:,} are sent.")
    return body


def encode_json(value: Any) -> bytes:
    """UTF-8 JSON without needless spaces. Raises Fault for what JSON cannot say."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault("not_json", "The selection makes something that JSON cannot say.") from error


def _from_template(scene: Scene, rendering: Rendering, selected: Any, budget: Budget) -> bytes:
    text = render(
        rendering.template,
        scene.names(selected),
        content_type=rendering.content_type,
        most_bytes=LARGEST_SHAPED,
        budget=budget,
    )
    if is_json(rendering.content_type):
        _check_json(text)
    return text.encode("utf-8", "replace")


def _check_json(text: str) -> None:
    try:
        json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        what = f"The template makes no valid JSON here: {error.msg} (line {error.lineno} of it)."
        raise Fault("invalid_json", what) from error
    except (ValueError, RecursionError) as error:
        raise Fault("invalid_json", "The template makes no valid JSON.") from error


def _refuse(_: str) -> None:
    raise ValueError("JSON knows no NaN and no Infinity")


@lru_cache(maxsize=1024)
def _digest_of(rendering: Rendering) -> str:
    base = "full" if rendering.personal else "masked"
    if rendering in (MASKED, FULL):
        return base
    content = json.dumps(astuple(rendering)).encode()
    return f"{base}-{hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]}"
