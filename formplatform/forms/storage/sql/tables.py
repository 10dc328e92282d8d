"""Moves domain objects in and out of their tables, without building model instances."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db import connection, models, transaction
from django.db.models import QuerySet

from .fields import JsonTextField

Encode = Callable[[Any], Any]


class Record(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Item = TypeVar("Item", bound=Record)


@dataclass(frozen=True)
class Table(Generic[Item]):
    """One kind of record: its row class, its domain class, and what differs between them."""

    row: type[models.Model]
    item: type[Item]
    decode: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    encode: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    derive: Mapping[str, Callable[[Item], Any]] = field(default_factory=dict)
    """Columns the domain does not know, computed from the whole record."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in fields(self.item))

    @property
    def rows(self) -> QuerySet[Any]:
        return QuerySet(self.row)

    def read(self, rows: QuerySet[Any]) -> list[Item]:
        found = rows.values_list(*self.names)
        return [self._item(values) for values in found]

    def first(self, **conditions: object) -> Item | None:
        return next(iter(self.read(self.rows.filter(**conditions)[:1])), None)

    def values(self, item: Item) -> dict[str, Any]:
        """Column → value, as the ORM wants them."""
        values = {name: getattr(item, name) for name in self.names}
        values |= {name: encode(values[name]) for name, encode in self.encode.items()}
        values |= {name: compute(item) for name, compute in self.derive.items()}
        return values

    def insert(self, items: Sequence[Item]) -> int:
        """Insert those that break no unique index; returns how many. All or nothing."""
        statement, forms = self._insertion
        rows = [self._parameters(item, forms) for item in items]
        with connection.cursor() as cursor:
            if len(rows) == 1:  # no transaction around the one write of a request
                cursor.execute(statement, rows[0])
            else:
                with transaction.atomic():
                    cursor.executemany(statement, rows)
            return int(cursor.rowcount)

    def _parameters(self, item: Item, forms: Mapping[str, Encode]) -> list[Any]:
        values = self.values(item)
        return [to_driver(values[name]) for name, to_driver in forms.items()]

    @cached_property
    def _insertion(self) -> tuple[str, dict[str, Encode]]:
        """The statement, and per column the driver's form of a value."""
        meta = self.row._meta  # noqa: SLF001 - Django's documented name
        columns = {name: meta.get_field(name) for name in (*self.names, *self.derive)}
        quoted = ", ".join(connection.ops.quote_name(name) for name in columns)
        marks = ", ".join(["%s"] * len(columns))
        table = connection.ops.quote_name(meta.db_table)
        return (
            f"INSERT INTO {table} ({quoted}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608 - our own names
            {name: _driver_form(column) for name, column in columns.items()},
        )

    def _item(self, values: Sequence[Any]) -> Item:
        record = dict(zip(self.names, values, strict=True))
        for name, decode in self.decode.items():
            record[name] = decode(record[name])
        return self.item(**record)


def _driver_form(column: Any) -> Encode:
    if isinstance(column, models.DateTimeField):
        return _driver_time
    if isinstance(column, JsonTextField):
        return column.get_prep_value
    return _unchanged


def _driver_time(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _unchanged(value: Any) -> Any:
    return value
