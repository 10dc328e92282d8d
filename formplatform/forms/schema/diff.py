"""What changed between two definitions, and whether old answers keep their meaning."""

from collections.abc import Iterator
from dataclasses import dataclass

from .definition import Definition
from .fields import Field
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
CONSTRAINTS = ("required", "minimum", "maximum", "min_length", "max_length", "pattern")


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
    for name in CONSTRAINTS:
        if getattr(before, name) != getattr(field, name):
            yield Change(field.id, name, str(getattr(before, name)), str(getattr(field, name)))
    yield from _option_changes(before, field)


def _option_changes(before: Field, after: Field) -> Iterator[Change]:
    old = {option.id: option.label for option in before.options}
    new = {option.id: option.label for option in after.options}
    for option_id in new.keys() - old.keys():
        yield Change(after.id, "option_added", after=option_id)
    for option_id in old.keys() - new.keys():
        yield Change(after.id, "option_removed", before=option_id)
    for option_id in old.keys() & new.keys():
        if old[option_id] != new[option_id]:
            yield Change(after.id, "option_relabelled", old[option_id], new[option_id])
