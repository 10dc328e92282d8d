"""The fields analytics knows of a form, read from its published versions."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from formplatform.core.errors import NotFoundError
from formplatform.forms.domain import FormVersion, JsonObject
from formplatform.forms.storage.registry import get_store

from .query.fields import KINDS, Field, Fields

VERSIONS_KEPT = 1024
"""Definitions kept in memory, of all forms together; a published version never changes."""


def fields_of_definition(definition: JsonObject) -> Fields:
    return Fields(_field(each) for each in definition.get("fields", []))


def fields_of_versions(versions: Iterable[FormVersion]) -> Fields:
    """Every field any version has, each as its newest version defines it.

    Options of older versions stay known. A field is personal if any version says so.
    """
    merged: dict[str, Field] = {}
    for version in sorted(versions, key=lambda each: each.number):
        for newer in map(_field, version.definition.get("fields", [])):
            older = merged.get(newer.id)
            merged[newer.id] = newer if older is None else _merged(older, newer)
    return Fields(merged.values())


@lru_cache(maxsize=VERSIONS_KEPT)
def fields_of_version(form_id: str, number: int) -> Fields:
    """The fields of one published version. Raises NotFoundError."""
    version = get_store().find_version(form_id, number)
    if version is None:
        raise NotFoundError(f"The form has no version {number}.", form_id=form_id)
    return fields_of_definition(version.definition)


def fields_of_form(form_id: str) -> Fields:
    """The fields of all published versions; none for a form never published."""
    return fields_of_versions(get_store().list_versions(form_id))


def _merged(older: Field, newer: Field) -> Field:
    return Field(
        id=newer.id,
        name=newer.name,
        label=newer.label,
        type=newer.type,
        kind=newer.kind,
        personal=older.personal or newer.personal,
        options={**newer.options, **_absent(older.options, newer.options)},
        rows={**newer.rows, **_absent(older.rows, newer.rows)},
    )


def _absent(older: Mapping[str, str], newer: Mapping[str, str]) -> dict[str, str]:
    return {key: label for key, label in older.items() if key not in newer}


def _field(definition: JsonObject) -> Field:
    field_type = definition["type"]
    return Field(
        id=definition["id"],
        name=definition.get("name") or definition["id"],
        label=definition.get("label") or definition["id"],
        type=field_type,
        kind=KINDS[field_type],
        personal=bool(definition.get("pii")),
        options=_labels(definition.get("options") or definition.get("columns")),
        rows=_labels(definition.get("rows")),
    )


def _labels(options: Any) -> dict[str, str]:
    return {option["id"]: option["label"] for option in options or []}
