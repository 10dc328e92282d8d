"""What changed between two definitions, and whether old answers keep their meaning."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .conditions import Condition
from .definition import Definition
from .expressions import Expression
from .fields import Field, Option
from .problems import Problems

WIDER = {
    "integer": {"number"},
    "text": {"long_text"},
    "email": {"text", "long_text"},
    "url": {"text", "long_text"},
    "phone": {"text", "long_text"},
    "hidden": {"text", "long_text"},
}
"""Types whose answers are all valid answers of another type, too."""
SETTINGS = (
    "description", "required", "pii", "page", "ordered", "minimum", "maximum", "earliest",
    "latest", "min_length", "max_length", "pattern", "visible_if", "expression",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One difference: which field, what kind of change, whether old answers keep their meaning."""

    field: str
    kind: str
    before: str | None = None
    after: str | None = None
    compatible: bool = True


def diff_definitions(old: Definition, new: Definition) -> list[Change]:
    """Every change, in the order of the fields (removed ones last)."""
    changes = [change for field in new.fields for change in _field_changes(old, field)]
    removed = [field for field in old.fields if field.id not in new.by_id]
    return changes + [Change(field.id, "removed", before=field.label) for field in removed]


def check_successor(old: Definition, new: Definition) -> None:
    """Refuse a definition that gives an old field id another meaning. Raises InvalidInputError."""
    problems = Problems()
    for change in diff_definitions(old, new):
        if not change.compatible:
            place = next(i for i, field in enumerate(new.fields) if field.id == change.field)
            problems.add(
                f"fields[{place}].type",
                "type_changed",
                f"{change.field!r} was {change.before} and holds answers: take a new id.",
            )
    problems.raise_if_any("The draft contradicts a published version.")


def _field_changes(old: Definition, field: Field) -> Iterator[Change]:
    before = old.by_id.get(field.id)
    if before is None:
        yield Change(field.id, "added", after=field.label)
        return
    if before.type != field.type:
        compatible = field.type in WIDER.get(before.type, set())
        yield Change(field.id, "type_changed", before.type, field.type, compatible)
    if before.name != field.name:
        yield Change(field.id, "renamed", before.name, field.name)
    if before.label != field.label:
        yield Change(field.id, "relabelled", before.label, field.label)
    for name in SETTINGS:
        old_text, new_text = _setting(before, name), _setting(field, name)
        if old_text != new_text:
            yield Change(field.id, name, old_text, new_text)
    yield from _listed_changes(field.id, "option", before.options, field.options)
    yield from _listed_changes(field.id, "row", before.rows, field.rows)


def _setting(field: Field, name: str) -> str:
    """A setting as text: conditions and expressions as they are written in a definition."""
    value = getattr(field, name)
    if isinstance(value, Condition):
        return json.dumps(value.to_json(), ensure_ascii=False)
    return value.text if isinstance(value, Expression) else str(value)


def _listed_changes(
    field_id: str, kind: str, before: Sequence[Option], after: Sequence[Option]
) -> Iterator[Change]:
    """Of options or rows, in the order of the definitions."""
    old = {option.id: option.label for option in before}
    new = {option.id: option.label for option in after}
    for option_id, label in new.items():
        if option_id not in old:
            yield Change(field_id, f"{kind}_added", after=option_id)
        elif old[option_id] != label:
            yield Change(field_id, f"{kind}_relabelled", old[option_id], label)
    for option_id in old:
        if option_id not in new:
            yield Change(field_id, f"{kind}_removed", before=option_id)
    kept_before = [option_id for option_id in old if option_id in new]
    kept_after = [option_id for option_id in new if option_id in old]
    if kept_before != kept_after:
        yield Change(field_id, f"{kind}s_reordered", ", ".join(kept_before), ", ".join(kept_after))
