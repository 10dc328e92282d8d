"""Filters: which responses an endpoint wants, as conditions on their answers.

The language is that of a field's `visible_if`: ``{"field": "age", "op": "gte", "value": 18}`` under
`all`, `any` and `not`. Here its operands have the types of the fields they are compared with. How
a filter was decided is a trace: every comparison with what it found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.fields.form_fields import fields_of_form, fields_of_version
from analytics.query.fields import Field, Fields
from formplatform.core.errors import FieldError, NotFoundError
from formplatform.core.events import Event
from formplatform.forms.domain import Answers, JsonObject
from formplatform.forms.events import ResponseEvent
from formplatform.forms.schema.conditions import JUNCTIONS, Condition, parse_condition
from formplatform.forms.schema.problems import Wrong, did_you_mean

from .operands import check_operand

LONGEST_FOUND = 200
"""Characters of an answer that a trace keeps."""
PERSONAL = "This field holds personal data, which this endpoint may not see."


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a response matches, and clause by clause why."""

    matched: bool
    trace: JsonObject


EVERYTHING = Verdict(matched=True, trace={"matched": True, "reason": "no_filter"})


def check_filter(
    raw: object, *, form_id: str, personal_allowed: bool
) -> tuple[JsonObject | None, list[FieldError]]:
    """A filter with field ids for names and canonical operands, or everything that is wrong."""
    if raw is None or raw == {}:
        return None, []
    if not form_id:
        message = "A filter asks the fields of one form: make an endpoint of that form."
        return None, [FieldError("filter", "needs_a_form", message)]
    if (fault := _fault_of(raw, "filter")) is not None:
        return None, [fault]
    condition, errors = parse_condition(raw), []
    fields = fields_of_form(form_id)
    leaves = {}
    for place, leaf in _leaves(condition, "filter"):
        known = _known_field(leaf, place, fields, personal_allowed=personal_allowed)
        if isinstance(known, FieldError):
            errors.append(known)
            continue
        try:
            value = check_operand(known, leaf.op, leaf.value)
        except Wrong as wrong:
            errors.append(_error(f"{place}.{'op' if wrong.code == 'op' else 'value'}", wrong))
            continue
        leaves[place] = Condition(leaf.op, field=known.id, value=value)
    if errors:
        return None, errors
    return _rebuilt(condition, "filter", leaves).to_json(), []


def judge(
    filter_: JsonObject | None,
    event: Event,
    *,
    answers: Answers | None,
    personal_allowed: bool,
) -> Verdict:
    """Whether an endpoint wants an event. A filter that cannot be judged does not match.

    Args:
        filter_: as `check_filter` returned it.
        event: only those of responses are filtered.
        answers: of the event's revision, before masking; None where they are gone.
        personal_allowed: whether the endpoint may see personal data; if not, asking about it would
            be seeing it.
    """
    if not filter_ or not isinstance(event, ResponseEvent):
        return EVERYTHING
    try:
        condition = parse_condition(filter_)
    except Wrong as wrong:
        return _unjudged("invalid_filter", wrong.message)
    if answers is None:
        return _unjudged("gone", "The answers of this response are no longer there.")
    fields = fields_of_form(event.form_id)
    for asked in condition.fields():
        reason = _reason_not_to_ask(asked, event, fields, personal_allowed=personal_allowed)
        if reason is not None:
            return reason
    personal = {each.id for each in fields if each.personal}
    clauses = _explained(condition, answers, personal)
    matched = bool(clauses["result"])
    return Verdict(
        matched=matched,
        trace={
            "matched": matched,
            "reason": "matched" if matched else "not_matched",
            "clauses": clauses,
        },
    )


def clauses_of(trace: Mapping[str, Any]) -> Iterator[tuple[str, JsonObject]]:
    """Every comparison in a trace, under the place it has in the filter."""
    if "clauses" in trace:
        yield from _flat(trace["clauses"], "filter")


def _flat(clause: JsonObject, place: str) -> Iterator[tuple[str, JsonObject]]:
    parts = clause.get("parts", [])
    if not parts:
        yield place, clause
    for below, part in zip(_places(clause["op"], place, len(parts)), parts, strict=True):
        yield from _flat(part, below)


def _explained(condition: Condition, answers: Answers, personal: set[str]) -> JsonObject:
    """Every part is judged, also where the result is known already: people want to see all."""
    if condition.parts:
        parts = [_explained(part, answers, personal) for part in condition.parts]
        result = JUNCTIONS[condition.op](bool(part["result"]) for part in parts)
        return {"op": condition.op, "result": result, "parts": parts}
    masked = condition.field in personal
    found = None if masked else _short(answers.get(condition.field))
    return {
        "field": condition.field,
        "op": condition.op,
        "value": condition.value,
        "answered": condition.field in answers,
        "found": found,
        "masked": masked,
        "result": condition.holds(answers),
    }


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_FOUND else value[:LONGEST_FOUND] + "…"
    if isinstance(value, list | dict):
        return _short(str(value))
    return value


def _unjudged(reason: str, message: str, **data: str) -> Verdict:
    trace = {"matched": False, "reason": reason, "message": message, **data}
    return Verdict(matched=False, trace=trace)


def _reason_not_to_ask(
    asked: str, event: ResponseEvent, fields: Fields, *, personal_allowed: bool
) -> Verdict | None:
    known = fields.find_id(asked)
    if not personal_allowed and (known is None or known.personal):
        return _unjudged("personal_data", PERSONAL, field=asked)
    if not _has_field(event, asked):
        message = f"Version {event.version} of the form has no such field."
        return _unjudged("unknown_field", message, field=asked)
    return None


def _has_field(event: ResponseEvent, field_id: str) -> bool:
    try:
        return fields_of_version(event.form_id, event.version).find_id(field_id) is not None
    except NotFoundError:
        return False


def _known_field(
    leaf: Condition, place: str, fields: Fields, *, personal_allowed: bool
) -> Field | FieldError:
    found = fields.find(leaf.field)
    if found is None:
        hint = did_you_mean(leaf.field, fields.names()) or " Publish the form first, if it is new."
        return FieldError(f"{place}.field", "unknown_field", f"There is no such field.{hint}")
    if found.personal and not personal_allowed:
        remedy = "Ask another field, or let the endpoint have personal data."
        return FieldError(f"{place}.field", "personal_data", f"{PERSONAL} {remedy}")
    return found


def _fault_of(raw: object, place: str) -> FieldError | None:
    """The innermost part that is wrong, so that the error names it."""
    try:
        parse_condition(raw)
    except Wrong as wrong:
        for below, part in _raw_parts(raw, place):
            if (inner := _fault_of(part, below)) is not None:
                return inner
        return _error(place, wrong)
    return None


def _raw_parts(raw: object, place: str) -> Iterator[tuple[str, object]]:
    if isinstance(raw, dict) and len(raw) == 1:
        ((op, parts),) = raw.items()
        if op == "not":
            yield f"{place}.not", parts
        elif op in JUNCTIONS and isinstance(parts, list):
            yield from zip(_places(op, place, len(parts)), parts, strict=True)


def _leaves(condition: Condition, place: str) -> Iterator[tuple[str, Condition]]:
    if not condition.parts:
        yield place, condition
    below = _places(condition.op, place, len(condition.parts))
    for inner, part in zip(below, condition.parts, strict=True):
        yield from _leaves(part, inner)


def _rebuilt(condition: Condition, place: str, leaves: Mapping[str, Condition]) -> Condition:
    if not condition.parts:
        return leaves[place]
    below = _places(condition.op, place, len(condition.parts))
    parts = (
        _rebuilt(part, inner, leaves) for inner, part in zip(below, condition.parts, strict=True)
    )
    return Condition(condition.op, parts=tuple(parts))


def _places(op: str, place: str, count: int) -> list[str]:
    if op == "not":
        return [f"{place}.not"] * count
    return [f"{place}.{op}[{number}]" for number in range(count)]


def _error(place: str, wrong: Wrong) -> FieldError:
    code = "invalid_op" if wrong.code == "op" else wrong.code
    hint = did_you_mean(*wrong.near) if wrong.near else ""
    return FieldError(place, code, wrong.message + hint)
