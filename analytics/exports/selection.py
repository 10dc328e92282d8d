"""What an export is about: which responses, which fields, and how their answers are written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from analytics.fields.form_fields import fields_of_form
from analytics.query.fields import Field, Fields
from formplatform.core.errors import FieldError, InvalidInputError, PermissionDeniedError
from formplatform.forms.csv_cells import METADATA
from formplatform.forms.domain import FormResponse
from formplatform.forms.storage.base import ResponseFilter
from formplatform.forms.storage.registry import get_store

from .answers import Written, written_columns
from .tables import Cell, Column, Rows, Table

Reader = Callable[[FormResponse], Any]
AS_STORED = Written()


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which responses and answers. Half-open: `since` belongs to the span, `until` does not."""

    since: datetime | None = None
    until: datetime | None = None
    version: int | None = None
    fields: Sequence[str] | None = None
    """Names or ids, in the order of the columns; None means all."""
    personal: bool = False
    written: Written = AS_STORED


def responses_table(form_id: str, selection: Selection, *, personal_allowed: bool) -> Table:
    """The live responses of a form in the order of their submission.

    Personal fields are among them only where they are asked for. Raises InvalidInputError for a
    field the form does not have, PermissionDeniedError for a personal one that is closed.
    """
    if selection.personal and not personal_allowed:
        raise PermissionDeniedError("Personal fields need the right to read the responses.")
    known = fields_of_form(form_id)
    zone = ZoneInfo(selection.written.timezone)
    readers: list[tuple[Column, Reader]] = list(_metadata(zone))
    for field in _chosen(known, selection):
        for column, read in written_columns(field, selection.written):
            readers.append((column, partial(_answer, field.id, read)))
    wanted = ResponseFilter(
        form_id=form_id,
        submitted_from=selection.since,
        submitted_before=selection.until,
        version=selection.version,
    )
    return Table(
        columns=_unique([column for column, _ in readers]),
        rows=_rows(wanted, [read for _, read in readers]),
        most_rows=get_store().count_matching(wanted),
        timezone=selection.written.timezone,
    )


def _metadata(zone: ZoneInfo) -> Iterator[tuple[Column, Reader]]:
    readers: list[tuple[Cell, Reader]] = [
        (Cell.TEXT, lambda response: response.id),
        (Cell.MOMENT, lambda response: response.submitted_at.astimezone(zone)),
        (Cell.INTEGER, lambda response: response.version),
        (Cell.INTEGER, lambda response: response.revision),
    ]
    labels = ("Response", "Submitted at", "Version", "Revision")
    for name, label, (cell, read) in zip(METADATA, labels, readers, strict=True):
        yield Column(name=name, label=label, cell=cell), read


def _answer(field_id: str, read: Callable[[Any], Any], response: FormResponse) -> Any:
    answer = response.data.get(field_id)
    return None if answer is None else read(answer)


def _chosen(known: Fields, selection: Selection) -> list[Field]:
    if selection.fields is None:
        return [field for field in known if selection.personal or not field.personal]
    return [_one(known, name, selection) for name in dict.fromkeys(selection.fields)]


def _one(known: Fields, name: str, selection: Selection) -> Field:
    field = known.find(name)
    if field is None:
        raise _wrong("unknown_field", f'The form has no field "{name[:80]}".')
    if field.personal and not selection.personal:
        raise _wrong("personal_data", f'"{field.name}" is personal: add personal=true.')
    return field


def _wrong(code: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, errors=[FieldError("fields", code, message)])


def _rows(wanted: ResponseFilter, readers: Sequence[Reader]) -> Rows:
    for batch in get_store().scan_matching(wanted):
        for response in batch:
            yield [read(response) for read in readers]


def _unique(columns: Sequence[Column]) -> list[Column]:
    """Names that are told apart also by formats that ignore case."""
    taken: set[str] = set()
    found = []
    for column in columns:
        name, number = column.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{column.name} ({number})"
        taken.add(name.lower())
        found.append(replace(column, name=name))
    return found
