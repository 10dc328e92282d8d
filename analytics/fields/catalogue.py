"""What a query can ask of each field of a form."""

from collections.abc import Iterable

from analytics.query.ast import Aggregate
from analytics.query.columns import FACTS
from analytics.query.conditions import ORDERED, TEXT_TESTS
from analytics.query.fields import OPAQUE, Field, Kind
from analytics.query.measures import OPEN_TO_ALL, takes
from formplatform.forms.domain import JsonObject
from formplatform.forms.storage.registry import get_store

from .form_fields import fields_of_form

EVERY = ("$exists",)
COMPARING = ("$eq", "$ne", "$in", "$nin", "$any", "$none", "$empty")
ORDERING = ("$gt", "$gte", "$lt", "$lte", "$between")


def catalogue_of(form_id: str, *, personal_allowed: bool) -> JsonObject:
    """Every field and fact with its kind, operators and figures; the caller's rights applied."""
    fields = [
        {
            "name": field.name,
            "id": field.id,
            "label": field.label,
            "type": field.type,
            "personal": field.personal,
            "options": dict(field.options),
            "rows": dict(field.rows),
            **_asked_of(field.kind, field, is_open=personal_allowed or not field.personal),
        }
        for field in fields_of_form(form_id)
    ]
    facts = [
        {
            "name": name,
            "id": None,
            "label": None,
            "type": None,
            "personal": False,
            "options": {},
            "rows": {},
            **_asked_of(column.kind, None, is_open=True),
        }
        for name, column in FACTS.items()
    ]
    versions = sorted(version.number for version in get_store().list_versions(form_id))
    return {"form_id": form_id, "versions": versions, "fields": [*fields, *facts]}


def _asked_of(kind: Kind, field: Field | None, *, is_open: bool) -> JsonObject:
    comparable = is_open and kind not in OPAQUE
    return {
        "kind": kind.value,
        "open": is_open,
        "groupable": comparable,
        "operators": [*EVERY, *(_operators(kind) if comparable else ())],
        "ops": [each.value for each in _figures(kind, field) if is_open or each in OPEN_TO_ALL],
    }


def _operators(kind: Kind) -> Iterable[str]:
    yield from COMPARING
    if kind in ORDERED:
        yield from ORDERING
    if kind is Kind.OPTIONS:
        yield "$all"
    if kind is Kind.TEXT:
        yield from TEXT_TESTS
    if kind in (Kind.DATE, Kind.MOMENT):
        yield "$date_range"


def _figures(kind: Kind, field: Field | None) -> Iterable[Aggregate]:
    return (each for each in Aggregate if each is not Aggregate.RATIO and takes(each, kind, field))
