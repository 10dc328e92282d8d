"""What goes into a report: its definition, and the numbers gathered for it as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from analytics import metrics
from analytics.fields.form_fields import fields_of_form
from analytics.query.fields import Field, Fields, Kind
from analytics.query.limits import MAX_LIMIT
from analytics.query_builder import execute_analytics_query
from formplatform.core import clock
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError
from formplatform.forms.domain import Form, JsonObject

LONGEST_TITLE = 200
MOST_COLUMNS = 8
"""A wider table does not fit the page."""

CHARTED = frozenset({Kind.CHOICE, Kind.OPTIONS, Kind.BOOLEAN})
CROSSED = frozenset({Kind.CHOICE, Kind.BOOLEAN})


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportDefinition:
    """What a person chose. Fields are ids; the cross table needs both or none."""

    title: str = ""
    chart_field: str = ""
    rows: str = ""
    columns: str = ""
    timezone: str = "UTC"

    def to_json(self) -> JsonObject:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Share:
    """How many answers one value got; `share` is of those who answered, 0 to 1.

    Here and below None stands for what the form hides because few are behind it.
    """

    label: str
    count: int | None
    share: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    label: str
    answered: int | None
    missing: int | None
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class CrossRow:
    label: str
    counts: tuple[int | None, ...]
    total: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossTable:
    """Responses that answer both fields, by both."""

    row_label: str
    column_label: str
    columns: tuple[str, ...]
    rows: tuple[CrossRow, ...]
    totals: tuple[int | None, ...]
    total: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportData:
    """Everything a report shows. `completion_rate` is None where no session was started."""

    title: str
    form_title: str
    form_id: str
    generated_at: datetime
    timezone: str
    total_responses: int | None
    today_submissions: int | None
    completion_rate: float | None
    min_cell: int = 0
    """Groups of fewer respondents are not shown; 0: all are."""
    distribution: Distribution | None = None
    cross_table: CrossTable | None = None


def definition_of(form: Form, chosen: Mapping[str, Any]) -> ReportDefinition:
    """A definition that fits the form. What is not chosen is: a chart of the first fit field.

    Raises ConflictError for a form never published, InvalidInputError naming every wrong choice.
    """
    fields = fields_of_form(form.id)
    if not list(fields):
        raise ConflictError("The form is not published yet: there is nothing to report.")
    errors: list[FieldError] = []
    chart = _choose(fields, chosen, "chart_field", CHARTED, errors)
    rows = _choose(fields, chosen, "rows", CROSSED, errors)
    columns = _choose(fields, chosen, "columns", CROSSED, errors)
    errors += _crossing_errors(rows, columns)
    timezone = str(chosen.get("timezone") or "UTC")
    if timezone not in available_timezones():
        errors.append(FieldError("timezone", "unknown_timezone", "Name a zone: Europe/Berlin."))
    if errors:
        raise InvalidInputError("The report is not defined rightly.", errors=errors)
    return ReportDefinition(
        title=str(chosen.get("title") or "")[:LONGEST_TITLE],
        chart_field=_id(chart or _first_charted(fields)),
        rows=_id(rows),
        columns=_id(columns),
        timezone=timezone,
    )


def gather(form: Form, definition: ReportDefinition) -> ReportData:
    """The numbers, as they are now. Raises UnavailableError where a store is down."""
    numbers = metrics.metrics_of(form.id, timezone=definition.timezone)
    fields = fields_of_form(form.id)
    rows, columns = fields.find_id(definition.rows), fields.find_id(definition.columns)
    return ReportData(
        title=definition.title or form.title,
        form_title=form.title,
        form_id=form.id,
        generated_at=clock.now().astimezone(ZoneInfo(definition.timezone)),
        timezone=definition.timezone,
        total_responses=numbers["total_responses"],
        today_submissions=numbers["today_submissions"],
        completion_rate=numbers["completion_rate"],
        min_cell=form.min_cell,
        distribution=_distribution(form.id, definition.chart_field),
        cross_table=None if rows is None or columns is None else _cross(form.id, rows, columns),
    )


def _choose(
    fields: Fields,
    chosen: Mapping[str, Any],
    key: str,
    kinds: frozenset[Kind],
    errors: list[FieldError],
) -> Field | None:
    name = chosen.get(key)
    if not name:
        return None
    field = fields.find(str(name))
    if field is None:
        errors.append(FieldError(key, "unknown_field", f"The form has no field {name!r}."))
    elif field.personal:
        errors.append(FieldError(key, "personal_field", f"{name} is personal: it is not reported."))
    elif field.kind not in kinds:
        errors.append(FieldError(key, "wrong_type", f"{name} has no fixed set of answers."))
    else:
        return field
    return None


def _crossing_errors(rows: Field | None, columns: Field | None) -> list[FieldError]:
    if (rows is None) != (columns is None):
        missing = "rows" if rows is None else "columns"
        return [FieldError(missing, "required", "A cross table needs rows and columns.")]
    if rows is not None and columns is not None and rows.id == columns.id:
        return [FieldError("columns", "same_field", "Choose another field than for the rows.")]
    if columns is not None and len(_values(columns)) > MOST_COLUMNS:
        message = f"At most {MOST_COLUMNS} columns fit the page: choose it for the rows."
        return [FieldError("columns", "too_many", message)]
    return []


def _first_charted(fields: Fields) -> Field | None:
    return next((f for f in fields if f.kind in CHARTED and not f.personal), None)


def _id(field: Field | None) -> str:
    return "" if field is None else field.id


def _distribution(form_id: str, field_id: str) -> Distribution | None:
    if not field_id:
        return None
    found = metrics.distribution_of(form_id, field_id)
    return Distribution(
        label=found["label"],
        answered=found["answered"],
        missing=found["missing"],
        shares=tuple(
            Share(value["label"], value["count"], value["share"] if found["answered"] != 0 else 0.0)
            for value in found["values"]
        ),
    )


def _cross(form_id: str, rows: Field, columns: Field) -> CrossTable:
    query = {
        "aggregate": "count",
        "group_by": [rows.name, columns.name],
        "filter": {rows.name: {"$ne": None}, columns.name: {"$ne": None}},
        "limit": MAX_LIMIT,
    }
    found = execute_analytics_query(form_id, query)
    counts = {tuple(row["_id"].values()): row["value"] for row in found}
    columns_of = _values(columns)
    table = tuple(
        _cross_row(label, [counts.get((value, column), 0) for column in columns_of])
        for value, label in _values(rows).items()
    )
    totals = tuple(_sum([row.counts[n] for row in table]) for n in range(len(columns_of)))
    return CrossTable(
        row_label=rows.label,
        column_label=columns.label,
        columns=tuple(columns_of.values()),
        rows=table,
        totals=totals,
        total=_sum(totals),
    )


def _cross_row(label: str, counts: list[int | None]) -> CrossRow:
    return CrossRow(label, tuple(counts), _sum(counts))


def _sum(counts: Sequence[int | None]) -> int | None:
    """None where a part of it is hidden."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _values(field: Field) -> dict[Any, str]:
    """Value → label, in the order of the definition."""
    if field.kind is Kind.BOOLEAN:
        return {True: "Yes", False: "No"}
    return dict(field.options)
