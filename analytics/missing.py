"""What is not answered: skipped though it was shown, or never shown; and what is skipped together.

A field counts as shown where the version of the response has it and its `visible_if` holds for the
other answers. The item nonresponse rate is skipped / (answered + skipped), the share of those who
could have answered: American Association for Public Opinion Research, Standard Definitions (2023);
E. de Leeuw, J. Hox and M. Huisman, "Prevention and treatment of item nonresponse", Journal of
Official Statistics 19 (2003).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from formplatform.core import clock
from formplatform.forms.domain import JsonObject
from formplatform.forms.schema.fields import Field as DefinedField
from formplatform.forms.storage.registry import get_store
from formplatform.forms.versions import get_definition

from .columns import COLUMNS
from .fields.form_fields import fields_of_form
from .fields.visibility import UnknownError, answer_column, shown_if
from .figures.small_cells import min_cell_of
from .query.fields import Field, Fields
from .query_builder import run_query
from .statistics.shares import share_interval
from .statistics.suppression import is_small

if TYPE_CHECKING:
    import polars as pl

MOST_IN_PATTERNS = 50
"""Fields, those skipped most often, that patterns are made of."""
MOST_PATTERNS = 20


def missing_of(form_id: str) -> JsonObject:
    """Per field how many answered, skipped it and were not shown it, and what is skipped together.

    `skipped`, `not_shown` and `rate` are None where columns do not tell who was shown a field. On a
    form that hides small groups there are no patterns, the counts of a field are those that a query
    would show, and who was not shown it is not told, for that is a count of other answers.
    """
    fields, least = fields_of_form(form_id), min_cell_of(form_id)
    scan = COLUMNS.get(form_id, fields)
    lazy, known = _with_skips(scan.frame, form_id, fields)
    counts = lazy.select(_sums(fields, known)).collect().row(0, named=True)
    rows = [_row(field, counts, known=field.id in known) for field in fields]
    total = counts["n"]
    if least:
        rows = [_covered(form_id, row, least) for row in rows]
    return {
        "form_id": form_id,
        "fields": rows,
        "patterns": None if least else _patterns(lazy, rows, total),
        "base_n": None if is_small(total, least) else total,
        "as_of": clock.to_text(scan.as_of),
    }


def _with_skips(
    lazy: "pl.LazyFrame", form_id: str, fields: Fields
) -> "tuple[pl.LazyFrame, set[str]]":
    """Two columns per field, whether it was shown and whether it was skipped; and of which."""
    shown: dict[str, pl.Expr] = {}
    definitions = {
        version.number: get_definition(form_id, version.number).by_id
        for version in get_store().list_versions(form_id)
    }
    for field in fields:
        versions = {n: by_id[field.id] for n, by_id in definitions.items() if field.id in by_id}
        try:
            shown[field.id] = _shown(versions, fields)
        except UnknownError:
            continue
    lazy = lazy.with_columns(**{_shown_name(name): test for name, test in shown.items()})
    skipped = {_skip_name(name): _is_skipped(name) for name in shown}
    return lazy.with_columns(**skipped), set(shown)


def _shown(versions: dict[int, DefinedField], fields: Fields) -> "pl.Expr":
    import polars as pl

    always = [n for n, field in versions.items() if field.visible_if is None]
    test = pl.col("version").is_in(always)
    for number, field in versions.items():
        if field.visible_if is not None:
            test |= (pl.col("version") == number) & shown_if(field.visible_if, fields)
    return test


def _is_skipped(name: str) -> "pl.Expr":
    import polars as pl

    return pl.col(_shown_name(name)) & pl.col(answer_column(name)).is_null()


def _shown_name(field_id: str) -> str:
    return f"shown:{field_id}"


def _skip_name(field_id: str) -> str:
    return f"skipped:{field_id}"


def _sums(fields: Fields, known: set[str]) -> "list[pl.Expr]":
    import polars as pl

    answered = [
        pl.col(answer_column(each.id)).count().alias(f"answered:{each.id}") for each in fields
    ]
    skipped = [pl.col(_skip_name(each.id)).sum() for each in fields if each.id in known]
    return [pl.len().alias("n"), *answered, *skipped]


def _row(field: Field, counts: dict[str, int], *, known: bool) -> JsonObject:
    answered = counts[f"answered:{field.id}"]
    missing = counts["n"] - answered
    skipped = counts[_skip_name(field.id)] if known else None
    base = None if skipped is None else answered + skipped
    return {
        "field": field.id,
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "answered": answered,
        "missing": missing,
        "skipped": skipped,
        "not_shown": None if skipped is None else missing - skipped,
        "rate": None if skipped is None or not base else skipped / base,
        "interval": list(share_interval(skipped, base)) if skipped is not None and base else None,
    }


def _covered(form_id: str, row: JsonObject, least: int) -> JsonObject:
    parts = ("skipped", "not_shown", "rate", "interval")
    query = {"measures": [{"op": "missing", "field": f"data.{row['name']}", "as": "missing"}]}
    found = run_query(form_id, query, personal_allowed=True).rows
    if not found or found[0]["missing"] is None or is_small(row["answered"], least):
        hidden = dict.fromkeys(("answered", "missing", *parts))
        return row | hidden | {"suppressed": True}
    return row if row["not_shown"] == 0 else row | dict.fromkeys(parts)


def _patterns(lazy: "pl.LazyFrame", rows: Sequence[JsonObject], total: int) -> list[JsonObject]:
    """What is skipped together, the most frequent first."""
    import polars as pl

    often = sorted((row for row in rows if row["skipped"]), key=lambda row: -row["skipped"])
    names = [row["field"] for row in often[:MOST_IN_PATTERNS]]
    if not names:
        return []
    keys = [_skip_name(name) for name in names]
    found = lazy.group_by(keys).agg(pl.len().alias("n")).sort("n", *keys, descending=True).collect()
    return [_pattern(row, names, total) for row in found.head(MOST_PATTERNS).iter_rows()]


def _pattern(row: tuple[Any, ...], names: Sequence[str], total: int) -> JsonObject:
    *flags, count = row
    skipped = [name for name, is_skipped in zip(names, flags, strict=True) if is_skipped]
    interval = list(share_interval(count, total))
    return {"skipped": skipped, "count": count, "share": count / total, "interval": interval}
