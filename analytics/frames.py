"""The responses of a form as typed columns in memory, for the columnar executor.

A frame is kept per form and process until the form's responses or versions change. It is built
from a scan that starts after the mark of change was read, so it is never older than its mark.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formplatform.forms.domain import FormResponse
from formplatform.forms.storage.registry import get_store

from .query.ast import Column
from .query.columnar import column_name
from .query.columns import DATA, FACTS
from .query.fields import OPAQUE, Field, Fields, Kind, fits

if TYPE_CHECKING:
    import polars as pl

LARGEST_BYTES = 256 * 1024 * 1024
"""All frames of one process together; the least recently used go first."""

Mark = tuple[object, ...]
Read = Callable[[FormResponse], Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """One column of a frame and how a response fills it."""

    column: Column
    read: Read


class FrameCache:
    def __init__(self, largest_bytes: int = LARGEST_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._frames: OrderedDict[str, tuple[Mark, pl.DataFrame]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, form_id: str, fields: Fields) -> "pl.DataFrame":
        """The live responses of a form as they are now."""
        mark: Mark = (*get_store().change_mark(form_id), fields.signature())
        with self._lock:
            kept = self._frames.get(form_id)
            if kept is not None and kept[0] == mark:
                self._frames.move_to_end(form_id)
                return kept[1]
        frame = build_frame(form_id, fields)
        with self._lock:
            self._frames[form_id] = (mark, frame)
            self._frames.move_to_end(form_id)
            self._shrink()
        return frame

    def clear(self) -> None:
        with self._lock:
            self._frames.clear()

    def _shrink(self) -> None:
        sizes = {form_id: frame.estimated_size() for form_id, (_, frame) in self._frames.items()}
        total = sum(sizes.values())
        for form_id in list(sizes)[:-1]:
            if total <= self._largest_bytes:
                return
            total -= sizes[form_id]
            del self._frames[form_id]


FRAMES = FrameCache()


def build_frame(form_id: str, fields: Fields) -> "pl.DataFrame":
    """Read the live responses of a form into typed columns."""
    import polars as pl

    sources = list(_sources(fields))
    values: list[list[Any]] = [[] for _ in sources]
    for batch in get_store().scan_responses(form_id):
        for source, column in zip(sources, values, strict=True):
            column.extend(map(source.read, batch))
    return pl.DataFrame(
        [
            pl.Series(column_name(source.column), column, dtype=_dtype(source.column))
            for source, column in zip(sources, values, strict=True)
        ]
    )


def _sources(fields: Fields) -> Iterator[_Source]:
    for column in dict.fromkeys(FACTS.values()):
        yield _Source(column, _fact(column.path[0]))
    for field in fields:
        column = Column((DATA, field.id), field.kind, field.whole)
        yield _Source(column, _answer(field))
        if field.kind is Kind.MATRIX:
            for row in field.rows:
                yield _Source(Column((DATA, field.id, row), Kind.CHOICE), _cell(field.id, row))


def _fact(name: str) -> Read:
    def read(response: FormResponse) -> Any:
        return getattr(response, name)

    return read


def _answer(field: Field) -> Read:
    """Whole columns take integers only; an opaque one says whether there is an answer."""

    def read(response: FormResponse) -> Any:
        answer = response.data.get(field.id)
        if not fits(field.kind, answer) or (field.whole and isinstance(answer, float)):
            return None
        return True if field.kind in OPAQUE else answer

    return read


def _cell(field_id: str, row: str) -> Read:
    def read(response: FormResponse) -> Any:
        answer = response.data.get(field_id)
        return answer.get(row) if isinstance(answer, dict) else None

    return read


def _dtype(column: Column) -> "pl.DataType":
    import polars as pl

    if column.path[0] != DATA and column.kind is Kind.MOMENT:
        return pl.Datetime("ms", "UTC")
    types: Mapping[Kind, pl.DataType] = {
        Kind.NUMBER: pl.Int64() if column.whole else pl.Float64(),
        Kind.OPTIONS: pl.List(pl.Categorical()),
        Kind.BOOLEAN: pl.Boolean(),
        Kind.CHOICE: pl.Categorical(),
    } | dict.fromkeys(OPAQUE, pl.Boolean())
    return types.get(column.kind, pl.String())
