"""The fields of a form as analytics sees them: by id and name, with what can be asked of each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What an answer is, whatever the field type that made it."""

    TEXT = "text"
    CHOICE = "choice"
    OPTIONS = "options"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    MATRIX = "matrix"
    RANKING = "ranking"
    FILE = "file"


KINDS = {
    "text": Kind.TEXT,
    "long_text": Kind.TEXT,
    "email": Kind.TEXT,
    "url": Kind.TEXT,
    "phone": Kind.TEXT,
    "hidden": Kind.TEXT,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "rating": Kind.NUMBER,
    "scale": Kind.NUMBER,
    "nps": Kind.NUMBER,
    "calculated": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "datetime": Kind.MOMENT,
    "choice": Kind.CHOICE,
    "multi_choice": Kind.OPTIONS,
    "matrix": Kind.MATRIX,
    "ranking": Kind.RANKING,
    "file": Kind.FILE,
}
WHOLE_NUMBERS = frozenset({"integer", "rating", "scale", "nps"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field, at its newest published definition."""

    id: str
    name: str
    label: str
    type: str
    kind: Kind
    personal: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """Option (of a matrix: column) id → label."""
    rows: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts_values(self) -> bool:
        """Whether each number is worth a count of its own."""
        return self.type in WHOLE_NUMBERS


class Fields:
    """A registry of fields: the only source of paths a query may read."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._by_id = {each.id: each for each in fields}
        self._by_name = {each.name: each for each in self._by_id.values()}

    def __iter__(self) -> Iterator[Field]:
        return iter(self._by_id.values())

    def find_id(self, field_id: str) -> Field | None:
        return self._by_id.get(field_id)

    def find(self, name: str) -> Field | None:
        """By the name callers use; the id is accepted too."""
        return self._by_name.get(name) or self._by_id.get(name)

    def signature(self) -> int:
        """Changes with whatever changes how answers are read."""
        return hash(tuple((each.id, each.type, tuple(each.rows)) for each in self))

    def names(self) -> list[str]:
        return list(self._by_name)
