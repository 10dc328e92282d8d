"""Answering in JSON quickly, and choosing JSON without a ceremony when nothing else is asked."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

ANY = frozenset({"", "*/*", "application/json"})


class FastJSONRenderer(JSONRenderer):
    """JSON by orjson; whatever it does not know is left to DRF's own encoder."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        indented = (renderer_context or {}).get("indent")  # a person reads it in the browsable API
        try:
            return orjson.dumps(data, option=orjson.OPT_INDENT_2 if indented else None)
        except TypeError:
            return super().render(data, accepted_media_type, renderer_context)


class PlainNegotiation(DefaultContentNegotiation):
    """DRF's negotiation, with the common question answered first."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        if request.META.get("HTTP_ACCEPT", "") in ANY and "format" not in request.GET:
            first = next(iter(renderers))
            return first, str(first.media_type)
        found: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return found
