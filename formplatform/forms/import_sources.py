"""Reading rows out of NDJSON and CSV files, one at a time; a broken row does not end the file."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, BinaryIO

import orjson

from formplatform.core.errors import FieldError

from .csv_cells import METADATA, SUBMITTED_AT, unescape
from .exports import Format
from .schema.definition import Definition
from .schema.fields import Field
from .schema.problems import Problems
from .schema.types.base import Base
from .schema.types.registry import field_types

LONGEST_LINE = 1024 * 1024
DELIMITERS = ",;\t|"
LEFT_OUT = "_left_out"


@dataclass(slots=True)
class Row:
    """One row as it was found: its number (from 1), what it says, or why it cannot be read."""

    number: int
    raw: Callable[[], object]
    """As somebody can read it, made when somebody asks."""
    answers: Mapping[str, object]
    submitted_at: object = None
    error: FieldError | None = None


FromText = Callable[[str, Field], object]
Column = tuple[str, FromText | None, Field | None]
"""What a cell is the value of, and how to read it where it is more than text. Plain tuples and no
lookups by name: an import must not be much slower than the store.
"""


def read_rows(
    stream: BinaryIO,
    definition: Definition,
    *,
    file_format: Format,
    after: int = 0,
    former: Collection[str] = (),
) -> Iterator[Row]:
    """Rows beyond the number `after`; the stream is closed at their end.

    `former` are names that only older versions know: what an export still holds of them is left
    out. Raises InvalidInputError for a CSV header that is wrong.
    """
    read = read_csv if file_format is Format.CSV else read_ndjson
    return read(stream, definition, after=after, former=former)


def read_ndjson(
    stream: BinaryIO, definition: Definition, *, after: int = 0, former: Collection[str] = ()
) -> Iterator[Row]:
    """One JSON object a line: ``{"answers": {…}, "submitted_at": "…"}`` or the answers alone."""
    computed = {key for field in definition.calculated for key in (field.id, field.name)}
    left_out = computed.union(former)
    for number, line in enumerate(_lines(stream), start=1):
        if number <= after or line.isspace():
            continue
        try:
            found = _parse_object(line)
        except ValueError as error:
            wrong = _broken("malformed", str(error))
            yield Row(number, partial(line.decode, errors="backslashreplace"), {}, error=wrong)
            continue
        answers, submitted_at = _split(found, definition)
        if not left_out.isdisjoint(answers):
            answers = {key: answer for key, answer in answers.items() if key not in left_out}
        yield Row(number, found.copy, answers, submitted_at)


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


def read_csv(
    stream: BinaryIO, definition: Definition, *, after: int = 0, former: Collection[str] = ()
) -> Iterator[Row]:
    """Columns are named by field name, id or label; ``_submitted_at`` is when it was given."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    reader, header, columns = _open_csv(text, _column_names(definition, former))
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
    number: int, cells: list[str] | csv.Error, header: list[str], columns: Sequence[Column]
) -> Row:
    if isinstance(cells, csv.Error):
        return Row(number, lambda: None, {}, error=_broken("malformed", f"Not CSV: {cells}."))
    raw = partial(_spell_out, header, cells)
    if len(cells) != len(header):
        message = f"Expected {len(header)} cells, found {len(cells)}."
        return Row(number, raw, {}, error=_broken("wrong_width", message))
    answers: dict[str, object] = {}
    for (name, from_text, field), cell in zip(columns, cells, strict=True):
        if cell:
            text = unescape(cell) if cell[0] == "'" else cell
            answers[name] = from_text(text, field) if from_text and field else text
    answers.pop(LEFT_OUT, None)
    return Row(number, raw, answers, answers.pop(SUBMITTED_AT, None))


def _broken(code: str, message: str) -> FieldError:
    return FieldError("row", code, message)


def _spell_out(header: list[str], cells: list[str]) -> object:
    """The cells by column, or as they are where they do not match."""
    readable = list(map(_readable, cells))
    matching = len(header) == len(cells)
    return dict(zip(header, readable, strict=True)) if matching else readable


def _readable(cell: str) -> str:
    """Bytes that are not UTF-8 spelt out, as no JSON could carry them."""
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _open_csv(
    text: io.TextIOWrapper, names: Mapping[str, Field | str | None]
) -> tuple[Any, list[str], list[Column]]:
    """The reader behind the header, the header, and what each column is."""
    first = text.readline(LONGEST_LINE)
    headers = {mark: next(csv.reader([first], delimiter=mark), []) for mark in DELIMITERS}
    best = max(headers, key=lambda mark: sum(name.strip() in names for name in headers[mark]))
    reader = csv.reader(chain([first], text), delimiter=best)
    header = [_readable(name.strip()) for name in next(reader, [])]
    _check_header(header, names)
    return reader, header, [_column(names[name]) for name in header]


def _column_names(definition: Definition, former: Collection[str]) -> dict[str, Field | str | None]:
    """What a column may be called → its field, the time of the answers, or None: left out."""
    names: dict[str, Field | str | None] = dict.fromkeys([*former, *METADATA])
    names |= {"submitted_at": SUBMITTED_AT, SUBMITTED_AT: SUBMITTED_AT}
    names |= {field.label: field for field in reversed(definition.fields)}
    names |= definition.by_key
    computed = {field.id for field in definition.calculated}
    return {
        name: None if isinstance(found, Field) and found.id in computed else found
        for name, found in names.items()
    }


def _check_header(header: list[str], names: Mapping[str, Field | str | None]) -> None:
    problems = Problems()
    seen: list[Field | str] = []
    for name in header:
        found = names.get(name)
        if name not in names:
            message = "The form has no such field."
            problems.add(name[:100], "unknown_field", message, near=(name, names))
        elif found in seen:
            problems.add(name, "duplicate", "Another column holds the same.")
        elif found is not None:
            seen.append(found)
    if not header:
        problems.add("header", "required", "Expected a first row of field names.")
    problems.raise_if_any("The header is not valid.")


def _column(found: Field | str | None) -> Column:
    if not isinstance(found, Field):
        return (found or LEFT_OUT, None, None)
    read = field_types()[found.type].from_text
    is_text = getattr(read, "__func__", None) is Base.from_text
    return (found.name, None if is_text else read, found)
