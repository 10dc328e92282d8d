"""Reading rows out of NDJSON and CSV files, one at a time; a broken row does not end the file."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import orjson

from formplatform.core.errors import FieldError, InvalidInputError

from .csv_cells import METADATA, SUBMITTED_AT, unescape
from .exports import Format
from .schema.definition import Definition
from .schema.fields import Field
from .schema.problems import did_you_mean
from .schema.types.registry import field_types

LONGEST_LINE = 1024 * 1024
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was found: its number (from 1), what it says, or why it cannot be read."""

    number: int
    raw: object
    answers: Mapping[str, object]
    submitted_at: object = None
    error: FieldError | None = None


def read_rows(
    stream: BinaryIO,
    definition: Definition,
    *,
    file_format: Format,
    after: int = 0,
) -> Iterator[Row]:
    """Rows beyond the number `after`; the stream is closed at their end.

    Raises InvalidInputError for a CSV header that is wrong.
    """
    read = read_csv if file_format is Format.CSV else read_ndjson
    return read(stream, definition, after=after)


def read_ndjson(stream: BinaryIO, definition: Definition, *, after: int = 0) -> Iterator[Row]:
    """One JSON object a line: ``{"answers": {…}, "submitted_at": "…"}`` or the answers alone."""
    computed = frozenset(key for field in definition.calculated for key in (field.id, field.name))
    for number, line in enumerate(_lines(stream), start=1):
        if number <= after or line.isspace():
            continue
        try:
            found = _parse_object(line)
        except ValueError as error:
            wrong = FieldError("row", "malformed", str(error))
            yield Row(number, line.decode(errors="backslashreplace"), {}, error=wrong)
            continue
        answers, submitted_at = _split(found, definition)
        if not computed.isdisjoint(answers):
            answers = {key: answer for key, answer in answers.items() if key not in computed}
        yield Row(number, found, answers, submitted_at)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, cut where they are too long."""
    while line := stream.readline(LONGEST_LINE + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > LONGEST_LINE:
            rest = stream.readline(LONGEST_LINE + 1)
        yield line


def _parse_object(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise ValueError(f"Expected at most {LONGEST_LINE} bytes in a line.")
    found = orjson.loads(line)
    if not isinstance(found, dict):
        raise ValueError("Expected a JSON object.")  # noqa: TRY004 - as wrong as broken JSON
    return found


def _split(found: dict[str, Any], definition: Definition) -> tuple[dict[str, Any], object]:
    """The answers, and when they were given."""
    nested = found.get("answers")
    if isinstance(nested, dict) and "answers" not in definition.by_key:
        return nested, found.get("submitted_at")
    if "submitted_at" in definition.by_key or "submitted_at" not in found:
        return found, None
    answers = {key: answer for key, answer in found.items() if key != "submitted_at"}
    return answers, found["submitted_at"]


def read_csv(stream: BinaryIO, definition: Definition, *, after: int = 0) -> Iterator[Row]:
    """Columns are named by field name, id or label; ``_submitted_at`` is when it was given."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    reader, header, columns = _open_csv(text, definition)
    for number, cells in enumerate(_records(reader), start=1):
        if number > after and (not isinstance(cells, list) or any(cells)):
            yield _csv_row(number, cells, header, columns)


def _records(reader: Any) -> Iterator[list[str] | csv.Error]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error


def _csv_row(
    number: int, cells: list[str] | csv.Error, header: list[str], columns: list[Field | str | None]
) -> Row:
    if isinstance(cells, csv.Error):
        return Row(number, None, {}, error=FieldError("row", "malformed", f"Not CSV: {cells}."))
    if len(cells) != len(header):
        message = f"Expected {len(header)} cells, found {len(cells)}."
        shown = list(map(_readable, cells))
        return Row(number, shown, {}, error=FieldError("row", "wrong_width", message))
    types, answers, submitted_at = field_types(), {}, None
    for column, cell in zip(columns, cells, strict=True):
        if not cell or column is None:
            continue
        if isinstance(column, Field):
            answers[column.name] = types[column.type].from_text(unescape(cell), column)
        else:
            submitted_at = cell
    raw = {name: _readable(cell) for name, cell in zip(header, cells, strict=True)}
    return Row(number, raw, answers, submitted_at)


def _readable(cell: str) -> str:
    """Bytes that are not UTF-8 spelt out, as no JSON could carry them."""
    if cell.isascii():
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _open_csv(
    text: io.TextIOWrapper, definition: Definition
) -> tuple[Any, list[str], list[Field | str | None]]:
    """The reader behind the header, the header, and what each column is."""
    first = text.readline(LONGEST_LINE)
    names = _column_names(definition)
    headers = {mark: next(csv.reader([first], delimiter=mark), []) for mark in DELIMITERS}
    best = max(headers, key=lambda mark: sum(name.strip() in names for name in headers[mark]))
    reader = csv.reader(chain([first], text), delimiter=best)
    header = [_readable(name.strip()) for name in next(reader, [])]
    return reader, header, _columns(header, names)


def _column_names(definition: Definition) -> dict[str, Field | str | None]:
    """What a column may be called → its field, the time of the answers, or None: left out."""
    names: dict[str, Field | str | None] = dict.fromkeys(METADATA)
    names |= {"submitted_at": SUBMITTED_AT, SUBMITTED_AT: SUBMITTED_AT}
    names |= {field.label: field for field in reversed(definition.fields)}
    names |= definition.by_key
    computed = {field.id for field in definition.calculated}
    return {
        name: None if isinstance(found, Field) and found.id in computed else found
        for name, found in names.items()
    }


def _columns(header: list[str], names: dict[str, Field | str | None]) -> list[Field | str | None]:
    errors: list[FieldError] = []
    columns: list[Field | str | None] = []
    for name in header:
        column = names.get(name)
        if name not in names:
            message = f"The form has no such field.{did_you_mean(name[:100], names)}"
            errors.append(FieldError(name[:100], "unknown_field", message))
        elif column is not None and column in columns:
            errors.append(FieldError(name, "duplicate", "Another column holds the same."))
        columns.append(column)
    if not header:
        errors.append(FieldError("header", "required", "Expected a first row of field names."))
    if errors:
        raise InvalidInputError("The header is not valid.", errors=errors)
    return columns
