"""Reading JSON strictly: what is ambiguous or outsized is refused before anything looks at it."""

import json
from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from formplatform.core.errors import TooLargeError

LARGEST_BODY = 1024 * 1024
DEEPEST = 20
MOST_VALUES = 10_000


class StrictJSONParser(BaseParser):
    """UTF-8 JSON of at most 1 MiB, without duplicate keys, NaN or lone surrogates."""

    media_type = "application/json"
    largest = LARGEST_BODY

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {}).get("request")
        declared = int((request and request.META.get("CONTENT_LENGTH")) or 0)
        if declared > self.largest:
            raise TooLargeError(f"Expected a body of at most {self.largest} bytes.")
        body = stream.read(self.largest + 1)
        if len(body) > self.largest:
            raise TooLargeError(f"Expected a body of at most {self.largest} bytes.")
        return parse_json(body) if body.strip() else {}


def parse_json(body: bytes) -> Any:
    """Raises ParseError with the reason."""
    try:
        orjson.loads(body)  # refuses NaN, bad UTF-8, lone surrogates, endless nesting
        value = DECODER.decode(body.decode())
    except orjson.JSONDecodeError as error:
        raise ParseError(f"This is not JSON: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ParseError(f"This JSON is refused: {error}") from error
    if len(body) > MOST_VALUES or body.count(b"{") + body.count(b"[") > DEEPEST:
        _check_size(value)  # a shorter or flatter text cannot hold too much
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates)


def _check_size(value: Any) -> None:
    level, count = [value], 0
    for _ in range(DEEPEST + 1):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        count += len(level)
        if count > MOST_VALUES:
            raise ParseError(f"Expected at most {MOST_VALUES} values.")
        if not level:
            return
    raise ParseError(f"Expected at most {DEEPEST} levels.")
