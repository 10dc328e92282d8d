"""The responses of a form as typed columns in memory, for the columnar executor.

A frame is kept per form and process. Where responses were only added, it is extended by them;
after an edit, a deletion or a new version it is built anew. A build scans after its mark of change
was read, so a frame is never older than its mark.
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
from .query.columns import DATA, FACTS, IDENTIFIER
from .query.fields import OPAQUE, Field, Fields, Kind, fits

if TYPE_CHECKING:
    import polars as pl

LARGEST_BYTES = 256 * 1024 * 1024
"""All frames of one process together; the least recently used go first."""

EXTENSIONS = 3
"""Attempts to read the added responses while none is added, before all are read."""
MOST_CHUNKS = 64
"""Pieces a frame may consist of; more are joined, as every query pays for each piece."""

Mark = tuple[int, int]
Read = Callable[[FormResponse], Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """One column of a frame and how a response fills it."""

    column: Column
    read: Read


@dataclass(frozen=True, slots=True)
class _Kept:
    """A frame, what it was read at, and the largest id in it."""

    mark: Mark
    signature: int
    frame: "pl.DataFrame"
    last_id: str


class FrameCache:
    def __init__(self, largest_bytes: int = LARGEST_BYTES) -> None:
        self._largest_bytes = largest_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, form_id: str, fields: Fields) -> "pl.DataFrame":
        """The live responses of a form as they are now."""
        mark = get_store().change_mark(form_id)
        signature = fields.signature()
        with self._lock:
            kept = self._kept.get(form_id)
        if kept is None or kept.signature != signature:
            kept = _built(form_id, fields, mark)
        elif kept.mark != mark:
            kept = _extended(kept, form_id, fields, mark) or _built(form_id, fields, mark)
        with self._lock:
            self._kept[form_id] = kept
            self._kept.move_to_end(form_id)
            self._shrink()
        return kept.frame

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def _shrink(self) -> None:
        sizes = {form_id: kept.frame.estimated_size() for form_id, kept in self._kept.items()}
        total = sum(sizes.values())
        for form_id in list(sizes)[:-1]:
            if total <= self._largest_bytes:
                return
            total -= sizes[form_id]
            del self._kept[form_id]


FRAMES = FrameCache()


def build_frame(form_id: str, fields: Fields) -> "pl.DataFrame":
    """Read the live responses of a form into typed columns."""
    return read_columns(form_id, fields)[0]


def read_columns(
    form_id: str, fields: Fields, *, after_id: str | None = None
) -> "tuple[pl.DataFrame, str]":
    """The live responses above an id as typed columns, and the largest id among them."""
    import polars as pl

    sources = list(_sources(fields))
    values: list[list[Any]] = [[] for _ in sources]
    last_id = after_id or ""
    for batch in get_store().scan_responses(form_id, after_id=after_id):
        for source, column in zip(sources, values, strict=True):
            column.extend(map(source.read, batch))
        last_id = batch[-1].id
    frame = pl.DataFrame(
        [
            pl.Series(column_name(source.column), column, dtype=_dtype(source.column))
            for source, column in zip(sources, values, strict=True)
        ]
    )
    return frame, last_id


def _built(form_id: str, fields: Fields, mark: Mark) -> _Kept:
    frame, last_id = read_columns(form_id, fields)
    return _Kept(mark, fields.signature(), frame, last_id)


def _extended(kept: _Kept, form_id: str, fields: Fields, mark: Mark) -> _Kept | None:
    """The kept frame with what was added since; None unless that is provably all that happened.

    An edit or deletion moves the sum of revisions further than the count, so a mark that moved
    equally means additions only. The mark is read again after the scan: as many responses found
    above the largest known id as were ever added by then are all of them. Fewer means that one
    came in below that id (an import, another clock) or during the scan.
    """
    for _ in range(EXTENSIONS):
        if not _only_added(kept.mark, mark):
            return None
        added, last_id = read_columns(form_id, fields, after_id=kept.last_id or None)
        mark = get_store().change_mark(form_id)
        if _only_added(kept.mark, mark) and added.height == mark[0] - kept.mark[0]:
            return _Kept(mark, kept.signature, _joined(kept.frame, added), last_id)
    return None


def _only_added(before: Mark, after: Mark) -> bool:
    return after[0] - before[0] == after[1] - before[1]


def _joined(frame: "pl.DataFrame", added: "pl.DataFrame") -> "pl.DataFrame":
    joined = frame.vstack(added)
    return joined.rechunk() if joined.n_chunks() > MOST_CHUNKS else joined


def _sources(fields: Fields) -> Iterator[_Source]:
    for column in dict.fromkeys((IDENTIFIER, *FACTS.values())):
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
