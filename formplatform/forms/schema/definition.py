"""A form's definition: parsed once, checked whole, then immutable."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .conditions import parse_condition
from .expressions import parse_expression
from .fields import Field, Option
from .problems import Problems, Wrong
from .types.base import clean_number, clean_text
from .types.registry import field_types

ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
OPTION_ID = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
MOST_FIELDS = 500
MOST_OPTIONS = 1_000
LABEL_LENGTH = 1_000
PATTERN_LENGTH = 1_000
COMMON = frozenset(
    {"id", "name", "type", "label", "description", "required", "pii", "page", "visible_if"}
)
TOP = frozenset({"title", "description", "source", "fields"})


@dataclass(frozen=True)
class Definition:
    """What a version freezes."""

    title: str
    description: str
    source: str
    fields: tuple[Field, ...]

    @cached_property
    def by_id(self) -> dict[str, Field]:
        return {field.id: field for field in self.fields}

    @cached_property
    def by_key(self) -> dict[str, Field]:
        """What a caller may write as a key → field: names first, ids too."""
        return self.by_id | {field.name: field for field in self.fields}

    @cached_property
    def calculated(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.expression)

    def to_json(self) -> dict[str, Any]:
        """Canonical: options with their ids, only what was set."""
        top = {"title": self.title, "description": self.description, "source": self.source}
        given = {key: value for key, value in top.items() if value}
        return {**given, "fields": [_field_json(field) for field in self.fields]}


def parse_definition(raw: object) -> Definition:
    """Check everything and say everything that is wrong at once. Raises InvalidInputError."""
    problems = Problems()
    if not isinstance(raw, dict):
        problems.add("definition", "wrong_type", "Expected an object with fields.")
        raw = {}
    _refuse_unknown(raw, TOP, "", problems)
    texts = {key: _text(raw, key, "", problems) for key in ("title", "description", "source")}
    fields = _parse_fields(raw.get("fields"), problems)
    _check_references(fields, problems)
    problems.raise_if_any("The definition is not valid.")
    return Definition(**texts, fields=tuple(fields))


def _parse_fields(raw: object, problems: Problems) -> list[Field]:
    if not isinstance(raw, list) or not 0 < len(raw) <= MOST_FIELDS:
        problems.add("fields", "wrong_type", f"Expected a list of 1 to {MOST_FIELDS} fields.")
        return []
    fields: list[Field] = []
    keys: set[str] = set()
    for place, each in enumerate(raw):
        field = _parse_field(each, f"fields[{place}]", problems)
        if field is None:
            continue
        if keys & {field.id, field.name}:
            problems.add(f"fields[{place}].id", "duplicate", "Another field has this id or name.")
        keys |= {field.id, field.name}
        fields.append(field)
    return fields


def _parse_field(raw: object, place: str, problems: Problems) -> Field | None:
    """The field, as far as it can be read; None where there is no telling what it is."""
    if not isinstance(raw, dict):
        problems.add(place, "wrong_type", "Expected an object.")
        return None
    field_id, kind = raw.get("id"), raw.get("type")
    if not isinstance(field_id, str) or not ID.fullmatch(field_id):
        problems.add(f"{place}.id", "invalid_id", "Expected a-z, then a-z, 0-9 or _; at most 64.")
        return None
    if not isinstance(kind, str) or kind not in field_types():
        near = (str(kind), field_types())
        problems.add(f"{place}.type", "unknown_type", "There is no such field type.", near=near)
        return None
    field_type = field_types()[kind]
    _refuse_unknown(raw, COMMON | field_type.settings, f"{place}.", problems)
    field = _read_field(raw, field_id, kind, place, problems)
    for setting, message in field_type.check(field).items():
        problems.add(f"{place}.{setting}", "invalid_setting", message)
    return field


def _read_field(
    raw: Mapping[str, Any], field_id: str, kind: str, place: str, problems: Problems
) -> Field:
    name = raw.get("name", field_id)
    if not isinstance(name, str) or not ID.fullmatch(name):
        problems.add(f"{place}.name", "invalid_id", "Expected a-z, then a-z, 0-9 or _.")
        name = field_id
    options = _options(raw, "columns" if kind == "matrix" else "options", place, problems)
    return Field(
        id=field_id,
        name=name,
        type=kind,
        label=_text(raw, "label", f"{place}.", problems) or field_id,
        description=_text(raw, "description", f"{place}.", problems),
        required=_flag(raw, "required", place, problems),
        pii=_flag(raw, "pii", place, problems),
        ordered=_flag(raw, "ordered", place, problems),
        page=_text(raw, "page", f"{place}.", problems) or None,
        minimum=_number(raw, "minimum", place, problems),
        maximum=_number(raw, "maximum", place, problems),
        earliest=_moment(raw, "earliest", kind, place, problems),
        latest=_moment(raw, "latest", kind, place, problems),
        min_length=_length(raw, "min_length", place, problems),
        max_length=_length(raw, "max_length", place, problems),
        options=options,
        rows=_options(raw, "rows", place, problems),
        pattern=raw.get("pattern"),
        matcher=_tried(raw, "pattern", _compile, place, problems),
        visible_if=_tried(raw, "visible_if", parse_condition, place, problems),
        expression=_tried(raw, "expression", parse_expression, place, problems),
    )


def _compile(pattern: object) -> Any:
    """With RE2: matching takes time linear in the text, whatever the pattern."""
    import re2

    text = clean_text(pattern, longest=PATTERN_LENGTH)
    quiet = re2.Options()
    quiet.log_errors = False
    try:
        return re2.compile(text, quiet)
    except re2.error as error:
        raise Wrong("invalid_pattern", f"Not a pattern RE2 understands: {error}") from error


def _tried(
    raw: Mapping[str, Any],
    key: str,
    parse: Callable[[object], Any],
    place: str,
    problems: Problems,
) -> Any:
    if raw.get(key) is None:
        return None
    try:
        return parse(raw[key])
    except Wrong as wrong:
        problems.add_wrong(f"{place}.{key}", wrong)
        return None


def _text(raw: Mapping[str, Any], key: str, place: str, problems: Problems) -> str:
    try:
        return clean_text(raw.get(key) or "", longest=LABEL_LENGTH, lines=True)
    except Wrong as wrong:
        problems.add_wrong(place + key, wrong)
        return ""


def _flag(raw: Mapping[str, Any], key: str, place: str, problems: Problems) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        problems.add(f"{place}.{key}", "wrong_type", "Expected true or false.")
    return value is True


def _number(raw: Mapping[str, Any], key: str, place: str, problems: Problems) -> Any:
    return _tried(raw, key, clean_number, place, problems)


def _moment(
    raw: Mapping[str, Any], key: str, kind: str, place: str, problems: Problems
) -> str | None:
    """A bound of a date or time, canonical as an answer of that kind is."""
    field_type = field_types()[kind]
    if key not in field_type.settings:
        return None
    unbounded = Field(id=key, name=key, type=kind, label=key)
    found: str | None = _tried(
        raw, key, lambda value: field_type.clean(value, unbounded), place, problems
    )
    return found


def _length(raw: Mapping[str, Any], key: str, place: str, problems: Problems) -> int | None:
    value = raw.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    problems.add(f"{place}.{key}", "wrong_type", "Expected a whole number from 0.")
    return None


def _options(
    raw: Mapping[str, Any], key: str, place: str, problems: Problems
) -> tuple[Option, ...]:
    given = raw.get(key)
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MOST_OPTIONS:
        problems.add(f"{place}.{key}", "wrong_type", f"Expected at most {MOST_OPTIONS} options.")
        return ()
    options: list[Option] = []
    for number, each in enumerate(given):
        try:
            options.append(_option(each, {option.id for option in options}))
        except Wrong as wrong:
            problems.add_wrong(f"{place}.{key}[{number}]", wrong)
    return tuple(options)


def _option(raw: object, taken: Collection[str]) -> Option:
    if isinstance(raw, str):
        label = clean_text(raw, longest=LABEL_LENGTH)
        return Option(id=_slug(label, taken), label=label)
    if not isinstance(raw, dict) or not {"id"} <= raw.keys() <= {"id", "label"}:
        raise Wrong("wrong_type", "Expected a text, or an object with id and label.")
    if not isinstance(raw["id"], str) or not OPTION_ID.fullmatch(raw["id"]):
        raise Wrong("invalid_id", "Expected a-z, 0-9 or _ as id; at most 64.")
    if raw["id"] in taken:
        raise Wrong("duplicate", "Another option has this id.")
    return Option(id=raw["id"], label=clean_text(raw.get("label", raw["id"]), longest=LABEL_LENGTH))


def _slug(label: str, taken: Collection[str]) -> str:
    """A readable id from a label: the same labels in the same order give the same ids."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:56] or "option"
    found, number = stem, 2
    while found in taken:
        found, number = f"{stem}_{number}", number + 1
    return found


def _refuse_unknown(
    raw: Mapping[str, Any], known: Collection[str], place: str, problems: Problems
) -> None:
    for key in raw:
        if key not in known:
            named, near = f"{place}{str(key)[:64]}", (str(key), known)
            problems.add(named, "unknown_key", "There is no such key.", near=near)


def _check_references(fields: list[Field], problems: Problems) -> None:
    """Conditions and expressions may ask only fields before them: so no circle can form."""
    earlier: set[str] = set()
    for place, field in enumerate(fields):
        for key, part in (("visible_if", field.visible_if), ("expression", field.expression)):
            for asked in part.fields() if part else ():
                if asked not in earlier:
                    message = f"{asked!r} is not a field before this one."
                    problems.add(f"fields[{place}].{key}", "unknown_field", message)
        earlier.add(field.id)


def _field_json(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"id": field.id, "type": field.type, "label": field.label}
    if field.name != field.id:
        found["name"] = field.name
    plain = ("description", "required", "pii", "page", "ordered", "pattern")
    found |= {key: getattr(field, key) for key in plain if getattr(field, key)}
    bounds = ("minimum", "maximum", "earliest", "latest", "min_length", "max_length")
    found |= {key: getattr(field, key) for key in bounds if getattr(field, key) is not None}
    listed = {"columns" if field.type == "matrix" else "options": field.options, "rows": field.rows}
    found |= {
        key: [{"id": option.id, "label": option.label} for option in options]
        for key, options in listed.items()
        if options
    }
    if field.visible_if:
        found["visible_if"] = field.visible_if.to_json()
    if field.expression:
        found["expression"] = field.expression.text
    return found
