"""The fields of a form as analytics sees them: by id and name, with what can be asked of each."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


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
    MIXED = "mixed"


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
OPAQUE = frozenset({Kind.MATRIX, Kind.RANKING, Kind.FILE, Kind.MIXED})
"""Of these a query can ask only whether there is an answer (of a matrix: also one row)."""

WHOLE_NUMBERS = frozenset({"integer", "rating", "scale", "nps"})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
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
    ordered: bool = False
    """Whether the order of the options means something."""
    steps: tuple[int, int] | None = None
    """The first and the last step of a scale."""

    @property
    def whole(self) -> bool:
        """Whether its numbers are all integers."""
        return self.type in WHOLE_NUMBERS

    @property
    def counts_values(self) -> bool:
        """Whether each number is worth a count of its own."""
        return self.whole

    @property
    def hides_values(self) -> bool:
        """Whether its answers never leave the store: only how many there are is told."""
        return self.personal or self.kind is Kind.TEXT


class Fields:
    """A registry of fields: the only source of paths a query may read."""

    def __init__(self, fields: Iterable[Field], *, newest_version: int | None = None) -> None:
        self.newest_version = newest_version
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
        return hash(tuple((each.id, each.kind, each.whole, tuple(each.rows)) for each in self))

    def names(self) -> list[str]:
        return list(self._by_name)


def fits(kind: Kind, answer: Any) -> bool:
    """Whether an answer is of a kind: a plugin or a change of type may have left another."""
    return answer is not None and _TESTS.get(kind, _is_text)(answer)


def _is_text(answer: Any) -> bool:
    return isinstance(answer, str)


def _is_number(answer: Any) -> bool:
    if isinstance(answer, int):
        return not isinstance(answer, bool) and abs(answer) <= LARGEST_STORED
    return isinstance(answer, float) and math.isfinite(answer)


def _is_texts(answer: Any) -> bool:
    return isinstance(answer, list) and all(map(_is_text, answer))


def _is_mapping(answer: Any) -> bool:
    return isinstance(answer, dict) and all(map(_is_text, answer.values()))


LARGEST_STORED = 2**63 - 1
_TESTS: dict[Kind, Callable[[Any], bool]] = {
    Kind.OPTIONS: _is_texts,
    Kind.RANKING: _is_texts,
    Kind.MATRIX: _is_mapping,
    Kind.NUMBER: _is_number,
    Kind.BOOLEAN: lambda answer: isinstance(answer, bool),
    Kind.FILE: lambda _: True,
    Kind.MIXED: lambda _: True,
}
