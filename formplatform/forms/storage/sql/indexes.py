"""The rows' indexes: made by migrations, made good here where one was lost."""

from django.db import connection
from django.db.models import Index, Model, UniqueConstraint

from .outages import answering
from .rows import FormRow, ResponseRow, RevisionRow, SessionRow, VersionRow

ROWS: tuple[type[Model], ...] = (FormRow, VersionRow, ResponseRow, RevisionRow, SessionRow)


class Indexes:
    @answering()
    def ensure_indexes(self) -> list[str]:
        return [name for row in ROWS for name in _ensure(row)]

    @answering()
    def ping(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")


def _ensure(row: type[Model]) -> list[str]:
    """The names of a table's indexes, after creating those that are missing."""
    meta = row._meta  # noqa: SLF001 - Django's documented name
    wanted: list[Index | UniqueConstraint] = [*meta.indexes]
    wanted += [each for each in meta.constraints if isinstance(each, UniqueConstraint)]
    editor = connection.SchemaEditorClass(connection)
    with connection.cursor() as cursor:
        present = connection.introspection.get_constraints(cursor, meta.db_table)
        for index in wanted:
            if index.name not in present:
                cursor.execute(str(index.create_sql(row, editor)))
    return [index.name for index in wanted]
