"""A form's fields as frozen data, and the protocol of a field type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Protocol

from .conditions import Condition
from .expressions import Expression


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice: a stable id and a label that may change."""

    id: str
    label: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """One question: `id` never changes, callers write `name`, people read `label`."""

    id: str
    name: str
    type: str
    label: str
    description: str = ""
    required: bool = False
    pii: bool = False
    page: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    earliest: str | None = None
    latest: str | None = None
    """Canonical, as the answers are: the order of the texts is the order of the moments."""
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    options: tuple[Option, ...] = ()
    rows: tuple[Option, ...] = ()
    ordered: bool = False
    visible_if: Condition | None = None
    expression: Expression | None = None
    matcher: Any = field(default=None, compare=False, repr=False)
    """The compiled pattern."""

    @cached_property
    def option_ids(self) -> dict[str, str]:
        """What a caller may write → option id: ids first, then exact labels."""
        labels = {option.label: option.id for option in self.options}
        return labels | {option.id: option.id for option in self.options}

    @cached_property
    def row_ids(self) -> dict[str, str]:
        labels = {row.label: row.id for row in self.rows}
        return labels | {row.id: row.id for row in self.rows}

    @cached_property
    def option_order(self) -> dict[str, int]:
        return {option.id: place for place, option in enumerate(self.options)}


class FieldType(Protocol):
    """What a kind of field knows: its settings, and how to clean an answer."""

    name: ClassVar[str]
    settings: ClassVar[frozenset[str]]
    """Definition keys beyond the common ones."""
    writable: ClassVar[bool]

    def check(self, field: Field) -> Mapping[str, str]:
        """Setting → what is wrong with it; empty where the field makes sense."""

    def clean(self, value: object, field: Field) -> Any:
        """The canonical value. Raises Wrong."""

    def from_text(self, text: str, field: Field) -> object:
        """What `clean` takes, from a cell of a CSV file."""

    def to_text(self, value: Any, field: Field) -> str:
        """A cell of a CSV file, from a canonical value."""
