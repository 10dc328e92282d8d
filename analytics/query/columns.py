"""Finding what a name in a query means: an answer of the form, or a fact about the response."""

import re
from dataclasses import dataclass

from .ast import Column
from .errors import QueryError, unknown
from .fields import Field, Fields, Kind

DATA = "data"
FACTS = {
    "submitted_at": Column(("submitted_at",), Kind.MOMENT),
    "updated_at": Column(("updated_at",), Kind.MOMENT),
    "version": Column(("version",), Kind.NUMBER, whole=True),
    "form_version": Column(("version",), Kind.NUMBER, whole=True),
    "source": Column(("source",), Kind.TEXT),
}
"""What is known of every response; an answer of the same name is reached as `data.<name>`."""

_SAFE_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a name stands for; `field` is None for facts about the response."""

    name: str
    column: Column
    field: Field | None = None

    @property
    def personal(self) -> bool:
        return self.field is not None and self.field.personal


def find_column(fields: Fields, name: str, *, path: str) -> Found:
    """Raises QueryError for a name the form does not have."""
    bare = name.removeprefix(f"{DATA}.")
    if bare == name and name in FACTS:
        return Found(name, FACTS[name])
    field = fields.find(bare)
    if field is not None:
        return Found(bare, Column((DATA, field.id), field.kind, field.whole), field)
    return _find_row(fields, bare, path=path)


def _find_row(fields: Fields, name: str, *, path: str) -> Found:
    """One row of a matrix: `<field>.<row>`."""
    matrix_name, _, row = name.rpartition(".")
    matrix = fields.find(matrix_name)
    if matrix is None or matrix.kind is not Kind.MATRIX:
        raise unknown(path, "field", name, known=(*fields.names(), *FACTS))
    if row not in matrix.rows:
        raise unknown(path, "row", row, known=matrix.rows)
    if not _SAFE_SEGMENT.fullmatch(row):
        raise QueryError(path, "not_queryable", "The id of this row can't stand in a path.")
    return Found(name, Column((DATA, matrix.id, row), Kind.CHOICE), matrix)
