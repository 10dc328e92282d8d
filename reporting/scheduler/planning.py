"""Making and changing schedules: every wrong value is named, and the next turn follows at once."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from formplatform.core.clock import now
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError
from formplatform.forms.domain import Form
from reporting.definitions import LONGEST_TITLE, definition_of
from reporting.models import Cadence, ScheduledReport

from .cron import parse_cron
from .schedules import due_after

SHORTEST_INTERVAL_SECONDS = 60
MOST_SCHEDULES = 200
"""Of one person: each costs a worker its time."""

TIMING = ("cadence", "cron", "interval_seconds", "timezone", "first_due_at", "enabled")


def create_schedule(form: Form, values: Mapping[str, Any], *, owner_id: int) -> ScheduledReport:
    """A new schedule. `values`: title, what `definition_of` takes, and the TIMING.

    Raises InvalidInputError naming every wrong value, ConflictError beyond MOST_SCHEDULES.
    """
    if ScheduledReport.objects.filter(owner_id=owner_id).count() >= MOST_SCHEDULES:
        raise ConflictError(f"One person has at most {MOST_SCHEDULES} schedules: delete one.")
    schedule = ScheduledReport(owner_id=owner_id, form_id=form.id)
    _take(schedule, form, values)
    schedule.save()
    return schedule


def change_schedule(
    schedule: ScheduledReport, form: Form, values: Mapping[str, Any]
) -> ScheduledReport:
    """Change what is given; a changed timing sets the next turn anew."""
    known = {**schedule.definition, "title": schedule.title}
    _take(schedule, form, {**known, **values}, given=values.keys())
    schedule.save()
    return schedule


def check_timing(schedule: ScheduledReport) -> None:
    """Raises InvalidInputError naming every wrong value."""
    errors: list[FieldError] = []
    if schedule.timezone not in available_timezones():
        errors.append(FieldError("timezone", "unknown_timezone", "Name a zone: Europe/Berlin."))
    if schedule.cadence == Cadence.CRON:
        errors += _cron_errors(schedule.cron)
    least = SHORTEST_INTERVAL_SECONDS
    if schedule.cadence == Cadence.INTERVAL and (schedule.interval_seconds or 0) < least:
        message = f"At least {least} seconds."
        errors.append(FieldError("interval_seconds", "too_short", message))
    if errors:
        raise InvalidInputError("The schedule is not timed rightly.", errors=errors)


def set_first_turn(schedule: ScheduledReport, first_due_at: datetime | None) -> None:
    """The next turn: as given, or the first of the cadence from now on (once: now)."""
    moment = now()
    if first_due_at is not None:
        schedule.next_due_at = first_due_at
    elif schedule.cadence == Cadence.CRON:
        schedule.next_due_at = due_after(schedule, moment)
    else:
        schedule.next_due_at = moment


def _take(
    schedule: ScheduledReport,
    form: Form,
    values: Mapping[str, Any],
    *,
    given: Collection[str] | None = None,
) -> None:
    for name in ("cadence", "cron", "interval_seconds", "timezone", "enabled"):
        if name in values:
            setattr(schedule, name, values[name])
    check_timing(schedule)
    schedule.title = str(values.get("title") or form.title)[:LONGEST_TITLE]
    definition = definition_of(form, {**values, "timezone": schedule.timezone})
    schedule.definition = {**definition.to_json(), "title": ""}
    if given is None or set(given) & set(TIMING):
        set_first_turn(schedule, values.get("first_due_at"))


def _cron_errors(text: str) -> list[FieldError]:
    try:
        parse_cron(text)
    except InvalidInputError as error:
        return list(error.errors)
    return []
