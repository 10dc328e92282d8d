"""The fields analytics knows of a form, read from its published versions."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from analytics.query.fields import KINDS, Field, Fields, Kind
from formplatform.forms.schema.definition import Definition
from formplatform.forms.schema.fields import Field as DefinedField, Option
from formplatform.forms.schema.personal import personal_fields
from formplatform.forms.schema.types.numbers import steps_of
from formplatform.forms.storage.registry import get_store
from formplatform.forms.versions import get_definition

from .calculated import kind_of

KEPT = 512
"""Registries kept in memory; a published version never changes."""


def fields_of_definition(definition: Definition) -> Fields:
    """A calculated field is personal where anything it is computed from is."""
    kinds: dict[str, Kind] = {}
    for field in definition.fields:
        kinds[field.id] = _kind(field, kinds)
    personal = personal_fields(definition)
    return Fields(
        Field(
            id=field.id,
            name=field.name,
            label=field.label,
            type=field.type,
            kind=kinds[field.id],
            personal=field.id in personal,
            options=_labels(field.options),
            rows=_labels(field.rows),
            ordered=field.ordered,
            steps=steps_of(field),
        )
        for field in definition.fields
    )


def fields_of_definitions(definitions: Iterable[Definition]) -> Fields:
    """Every field of several versions, oldest first, each as its newest version defines it.

    Options of older versions stay known. A field is personal if any version says so.
    """
    merged: dict[str, Field] = {}
    for definition in definitions:
        for newer in fields_of_definition(definition):
            older = merged.get(newer.id)
            merged[newer.id] = newer if older is None else _merged(older, newer)
    return Fields(merged.values())


@lru_cache(maxsize=KEPT)
def fields_of_version(form_id: str, number: int) -> Fields:
    """The fields of one published version. Raises NotFoundError."""
    return fields_of_definition(get_definition(form_id, number))


def fields_of_form(form_id: str) -> Fields:
    """The fields of all published versions; none for a form never published."""
    numbers = sorted(version.number for version in get_store().list_versions(form_id))
    return _fields_of_versions(form_id, tuple(numbers))


@lru_cache(maxsize=KEPT)
def _fields_of_versions(form_id: str, numbers: tuple[int, ...]) -> Fields:
    definitions = (get_definition(form_id, number) for number in numbers)
    return Fields(fields_of_definitions(definitions), newest_version=max(numbers, default=None))


def _kind(field: DefinedField, kinds: Mapping[str, Kind]) -> Kind:
    return kind_of(field.expression.tree, kinds) if field.expression else KINDS[field.type]


def _merged(older: Field, newer: Field) -> Field:
    return replace(
        newer,
        personal=older.personal or newer.personal,
        options={**newer.options, **_absent(older.options, newer.options)},
        rows={**newer.rows, **_absent(older.rows, newer.rows)},
    )


def _absent(older: Mapping[str, str], newer: Mapping[str, str]) -> dict[str, str]:
    return {key: label for key, label in older.items() if key not in newer}


def _labels(options: Iterable[Option]) -> dict[str, str]:
    return {option.id: option.label for option in options}
