"""Every live response of a form, as a stream in constant memory."""

import csv
import io
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import orjson

from formplatform.core.clock import to_text

from .csv_cells import METADATA, escape
from .domain import Answers, FormResponse
from .schema.definition import Definition
from .schema.fields import Field
from .schema.personal import ever_personal
from .schema.types.registry import field_types
from .storage.registry import get_store
from .versions import get_definition

CONTENT_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


class Format(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


def export_responses(
    form_id: str,
    *,
    file_format: Format,
    include_pii: bool = True,
) -> Iterator[bytes]:
    """Chunks of UTF-8, in the order of the ids; what both formats give can be imported again.

    Without `include_pii`, fields are left out that any version marks so, and what is calculated
    from them. Raises UnavailableError, also
    between two chunks.
    """
    columns = _columns(form_id, include_pii=include_pii)
    write = _write_csv if file_format is Format.CSV else _write_ndjson
    if file_format is Format.CSV:
        yield _csv_lines([[*METADATA, *(field.id for field in columns)]])
    for responses in get_store().scan_responses(form_id):
        yield write(responses, columns)


def _columns(form_id: str, *, include_pii: bool) -> list[Field]:
    """Fields of the newest version in their order, then those that only older ones have."""
    numbers = sorted((v.number for v in get_store().list_versions(form_id)), reverse=True)
    definitions = [get_definition(form_id, number) for number in numbers]
    found: dict[str, Field] = {}
    for definition in definitions:
        for field in definition.fields:
            found.setdefault(field.id, field)
    left_out = set() if include_pii else ever_personal(definitions)
    return [field for field in found.values() if field.id not in left_out]


def _write_ndjson(responses: list[FormResponse], columns: list[Field]) -> bytes:
    shown = {field.id for field in columns}
    return b"".join(orjson.dumps(_record(each, shown)) + b"\n" for each in responses)


def _record(response: FormResponse, shown: set[str]) -> dict[str, Any]:
    return {
        "id": response.id,
        "version": response.version,
        "revision": response.revision,
        "submitted_at": to_text(response.submitted_at),
        "answers": {key: answer for key, answer in response.data.items() if key in shown},
    }


def _write_csv(responses: list[FormResponse], columns: list[Field]) -> bytes:
    return _csv_lines(
        [
            response.id,
            to_text(response.submitted_at),
            str(response.version),
            str(response.revision),
            *_cells(response.data, columns, get_definition(response.form_id, response.version)),
        ]
        for response in responses
    )


def _cells(data: Answers, columns: list[Field], definition: Definition) -> Iterator[str]:
    """Each answer as the field's type was when it was given."""
    types = field_types()
    for column in columns:
        answer = data.get(column.id)
        field = definition.by_id.get(column.id)
        if answer is None or field is None:
            yield ""
        else:
            text = types[field.type].to_text(answer, field)
            yield text if isinstance(answer, int | float) else escape(text)


def _csv_lines(rows: Any) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
