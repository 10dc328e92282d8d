"""Schedules: which are due, and the one run each turn gets."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from formplatform.core.clock import now
from reporting.models import Cadence, ReportRun, ScheduledReport

from .cron import next_cron, next_interval, parse_cron


def due_after(schedule: ScheduledReport, moment: datetime) -> datetime | None:
    """The schedule's next turn after a moment; None where there is none."""
    if schedule.cadence == Cadence.CRON:
        return next_cron(parse_cron(schedule.cron), ZoneInfo(schedule.timezone), after=moment)
    if schedule.cadence == Cadence.INTERVAL and schedule.interval_seconds:
        first = schedule.next_due_at or moment
        return next_interval(schedule.interval_seconds, due=first, after=moment)
    return None


def claim_due(*, limit: int = 100) -> list[int]:
    """Give every schedule whose time has come its run; returns the new runs.

    The schedule moves on and its run is made in one transaction, by an update that names the
    turn: of two sweepers one wins, and a crash loses no turn. Turns missed while nobody swept
    come as one run.
    """
    moment = now()
    due = ScheduledReport.objects.filter(enabled=True, next_due_at__lte=moment)
    made = (_claim(schedule, moment) for schedule in due.order_by("next_due_at")[:limit])
    return [run_id for run_id in made if run_id is not None]


def run_now(schedule: ScheduledReport, *, user_id: int | None) -> ReportRun:
    """A run outside the schedule's turns, on behalf of the person who asks."""
    return queue_run(
        form_id=schedule.form_id,
        title=schedule.title,
        definition=schedule.definition,
        user_id=user_id,
        schedule=schedule,
    )


def queue_run(
    *,
    form_id: str,
    title: str,
    definition: dict[str, str],
    user_id: int | None,
    schedule: ScheduledReport | None = None,
    due_at: datetime | None = None,
) -> ReportRun:
    """Enter a report into the ledger: from now on it will be made."""
    moment = now()
    return ReportRun.objects.create(
        schedule=schedule,
        requested_by_id=user_id,
        form_id=form_id,
        title=title,
        definition=definition,
        due_at=due_at,
        not_before=moment,
    )


def _claim(schedule: ScheduledReport, moment: datetime) -> int | None:
    turn = schedule.next_due_at
    try:
        with transaction.atomic():
            moved = ScheduledReport.objects.filter(
                pk=schedule.pk, enabled=True, next_due_at=turn
            ).update(next_due_at=due_after(schedule, moment))
            if not moved:
                return None
            run = queue_run(
                form_id=schedule.form_id,
                title=schedule.title,
                definition=schedule.definition,
                user_id=schedule.owner_id,
                schedule=schedule,
                due_at=turn,
            )
    except IntegrityError:  # this turn has its run: the schedule was set back by hand
        ScheduledReport.objects.filter(pk=schedule.pk, next_due_at=turn).update(
            next_due_at=due_after(schedule, moment)
        )
        return None
    return run.pk
