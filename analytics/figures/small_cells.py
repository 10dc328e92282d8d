"""Live numbers of a form that hides small groups, without these (see `query.small_groups`)."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from analytics.query.fields import Field, Kind
from analytics.query.protecting import protect
from analytics.statistics.suppression import hide_in_list, is_small
from formplatform.forms.domain import JsonObject
from formplatform.forms.storage.registry import get_store

EVERYBODY = 2**63
FEW_HIDDEN = 5
"""So many unknown counts could be solved for with a mean, a deviation and a score beside them."""
NO_STEP: JsonObject = dict.fromkeys(("reached", "left", "rate", "interval"))
NO_FIELD: JsonObject = dict.fromkeys(("viewed", "answered", "left", "rate", "interval"))
NO_COUNT: JsonObject = {"count": None, "share": None, "interval": None}
OTHER = "\x00other"


def min_cell_of(form_id: str) -> int:
    """Groups of fewer respondents are hidden; 0: none are."""
    form = get_store().find_form(form_id)
    return 0 if form is None else form.min_cell


def least_of_span(least: int, part: Iterable[int], whole: Iterable[int]) -> int:
    """The least to hide by in a span: where few are outside of it, nobody is shown."""
    few = any(is_small(all_ - some, least) for some, all_ in zip(part, whole, strict=True))
    return EVERYBODY if few else least


def cover_metrics(numbers: JsonObject, least: int) -> JsonObject:
    """Totals of a form without those of few, and without what few others make."""
    total, today = numbers["total_responses"], numbers["today_submissions"]
    is_total_small = is_small(total, least)
    is_today_small = is_small(today, least) or is_small(total - today, least)
    shown = None if is_total_small else total
    return {
        **numbers,
        **_sessions(numbers, least),
        "total_responses": shown,
        "base_n": shown,
        "today_submissions": None if is_total_small or is_today_small else today,
    }


def cover_funnel(funnel: JsonObject, least: int) -> JsonObject:
    """A funnel without steps of few. Where few left at a step, no step says how many, nor how many
    went on, for the steps add up. Who answers a field is told by its distribution, if at all.
    """
    steps = funnel["steps"]
    if any(is_small(step[count], least) for step in steps for count in ("reached", "left")):
        steps = [step | NO_STEP for step in steps]
    base = None if is_small(funnel["base_n"], least) else funnel["base_n"]
    return {
        **funnel,
        **_sessions(funnel, least),
        "steps": steps,
        "fields": [field | NO_FIELD for field in funnel["fields"]],
        "base_n": base,
    }


def cover_verification(found: JsonObject, least: int) -> JsonObject:
    """What differs, without the responses of single days, and of a form of few."""
    if not least:
        return found
    hidden: JsonObject = {"stored": None, "counted": None}
    few = any(is_small(found[each], least) for each in hidden)
    return {
        **found,
        **(hidden if few else {}),
        "days": [day | hidden for day in found["days"]],
    }


def _sessions(figures: JsonObject, least: int) -> JsonObject:
    """The sessions of each step, and between each two steps, unless they are few."""
    sessions, time = figures["sessions"], figures["time_to_complete"]
    counts = list(sessions.values())
    between = [before - after for before, after in pairwise(counts)]
    few = any(is_small(each, least) for each in (*counts, *between))
    is_time_few = is_small(time["n"], least)
    return {
        "sessions": dict.fromkeys(sessions) if few else sessions,
        "completion_rate": None if few else figures["completion_rate"],
        "completion_interval": None if few else figures.get("completion_interval"),
        "time_to_complete": time | {"median": None, "p90": None, "n": None}
        if few or is_time_few
        else time,
    }


def cover_series(series: JsonObject, least: int) -> JsonObject:
    """A series without its small buckets, and others so that the total does not tell them."""
    counts = [bucket["count"] for bucket in series["buckets"]]
    found = hide_in_list(counts, least=least)
    hidden = set(range(len(counts))) if found is None else found
    buckets = [
        bucket | ({"count": None, "suppressed": True} if number in hidden else {})
        for number, bucket in enumerate(series["buckets"])
    ]
    total = None if is_small(series["total"], least) else series["total"]
    return series | {"buckets": buckets, "total": total, "base_n": total}


def cover_distribution(answer: JsonObject, field: Field, least: int) -> JsonObject:
    """The values of a field without small ones and whatever would tell them.

    Those who do not answer are a group as well: where they are hidden, so is how many answer, and
    every share of these. Figures of all answers are shown where too many counts are hidden for
    them to be worked out, or none.
    """
    hidden = _hidden(answer, field, least)
    base_hidden = None in hidden
    values = [
        value | ({**NO_COUNT, "suppressed": True} if key in hidden else {})
        for key, value in zip(_keys(answer["values"]), answer["values"], strict=True)
    ]
    is_told = 0 < len(hidden) <= FEW_HIDDEN or is_small(answer["answered"], least)
    numbers = answer["numbers"]
    if numbers is not None:  # an extreme is the answer of one
        numbers = None if is_told else numbers | {"minimum": None, "maximum": None}
    covered = answer | {"values": values, "numbers": numbers}
    covered["description"] = None if hidden else answer["description"]
    if base_hidden or is_small(answer["answered"], least):
        covered["distinct"] = None
    if OTHER in hidden:
        covered["other"] = None
    if not base_hidden:
        return covered
    without = [value | {"share": None, "interval": None} for value in values]
    bases = dict.fromkeys(("answered", "missing", "base_n", "distinct"))
    return covered | bases | {"values": without}


def _keys(values: Iterable[JsonObject]) -> list[str]:
    return [value["value"] for value in values]


def _hidden(answer: JsonObject, field: Field, least: int) -> set[str | None]:
    """The values to hide; None stands for those who do not answer."""
    counts: dict[str, int] = {value["value"]: value["count"] for value in answer["values"]}
    answered, missing = answer["answered"], answer["missing"]
    found: set[str | None] = set()
    if field.kind is Kind.BOOLEAN:  # keys as in answers to queries
        read = {"true": True, "false": False}
        hidden = _in_list({None: missing} | {read.get(k, k): n for k, n in counts.items()}, least)
        return {None if key is None else str(key).lower() for key in hidden}
    if field.kind is Kind.OPTIONS:
        return _in_options(counts, answer, least)
    if field.kind is Kind.MATRIX:
        return found | _in_rows(counts, answered, missing, least)
    if field.kind is Kind.RANKING:
        small = any(is_small(each, least) for each in (*counts.values(), answered, missing))
        return {None, *counts} if small else found
    other = {OTHER: answer["other"]} if answer["other"] else {}
    if not counts and not other:
        other = {OTHER: answered}
    return _in_list({None: missing, **counts, **other}, least)


def _in_options(counts: dict[str, int], answer: JsonObject, least: int) -> set[str | None]:
    """Of each option there are those who chose it and those who did not. Of the options beyond
    the counted ones nobody knows how few respondents made the choices: they are always hidden.
    """
    answered, missing = answer["answered"], answer["missing"]
    found = _in_list({None: missing, "": answered}, least) - {""}
    for value, count in counts.items():
        apart = (count, answered - count, answered + missing - count)
        if any(is_small(each, least) for each in apart):
            found.add(value)
    return found | ({OTHER} if answer["other"] else set())


def _in_rows(counts: dict[str, int], answered: int, missing: int, least: int) -> set[str | None]:
    """Every row is a list of all who answer; those who leave the row out are a part of it."""
    found = _in_list({None: missing, "": answered}, least) - {""}
    rows: dict[str, dict[Any, int]] = {}
    for value, count in counts.items():
        rows.setdefault(value.split("/")[0], {})[value] = count
    for row in rows.values():
        without = answered - sum(row.values())
        found |= _in_list({"": without, **row}, least) - {""}
    return found


def _in_list(counts: dict[Any, int], least: int) -> set[str | None]:
    """As in an answer that is grouped by the field: the same values are hidden there."""
    hidden = protect({(key,): count for key, count in counts.items()}, axes=1, least=least).cells
    return {key for (key,) in hidden}
