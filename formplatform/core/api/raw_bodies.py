"""Bodies that are not JSON: handed on as a stream, read by whoever knows the format."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser


class StreamParser(BaseParser):
    """`request.data` is then the unread stream."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        return stream


class NdjsonParser(StreamParser):
    media_type = "application/x-ndjson"


class CsvParser(StreamParser):
    media_type = "text/csv"
