"""A report's way: queued → running → succeeded or failed.

    queued ──claim──> running ──file──> succeeded ──announce──> (report.completed)
      ^                  │ ├──permanent error, or no attempt left──> failed
      └──transient error─┘ └──lease over (the worker died)──> running again, once more claimed

Every step is one conditional update, so two workers never both take it. A worker owns its run by
a token and a lease; what a killed worker leaves behind is taken over when its lease ends.
"""

import logging
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db.models import F, Q, QuerySet

from formplatform.core.clock import now, to_text
from formplatform.core.errors import PlatformError
from formplatform.core.publishing import publish
from reporting.delivery.base import Document, Receipt
from reporting.delivery.storage import StorageChannel, remove_document
from reporting.events import ReportCompleted
from reporting.models import ReportRun, RunState

from .rendering import render_run

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
FIRST_DELAY = timedelta(seconds=30)


def execute(run_id: int) -> None:
    """Make one report, unless somebody else has it or it is made."""
    run = claim(run_id)
    if run is None:
        return
    try:
        receipt = StorageChannel().deliver(Document(name=_file_name(run), content=render_run(run)))
    except PlatformError as error:
        _give_back(run, code=error.code, message=error.message, transient=error.transient)
    except Exception as error:  # a worker's boundary: the ledger must say what happened
        logger.exception("report failed", extra={"report_id": run.pk})
        _give_back(run, code="internal_error", message=type(error).__name__, transient=False)
    else:
        if _succeed(run, receipt):
            announce(run)
        else:
            remove_document(receipt.place)  # another worker took over: its file counts


def claim(run_id: int) -> ReportRun | None:
    """Take a run that waits, or whose worker died. None where there is nothing to take."""
    moment, token = now(), uuid4().hex
    taken = (ReportRun.objects.filter(_takeable(), pk=run_id, attempts__lt=MOST_ATTEMPTS)).update(
        state=RunState.RUNNING,
        attempts=F("attempts") + 1,
        lease_token=token,
        lease_until=moment + timedelta(seconds=settings.REPORT_LEASE_SECONDS),
        started_at=moment,
    )
    return ReportRun.objects.get(pk=run_id) if taken else None


def takeable_ids(*, limit: int = 100) -> list[int]:
    """Runs that somebody should take now, the oldest first."""
    found = ReportRun.objects.filter(_takeable(), attempts__lt=MOST_ATTEMPTS)
    return list(found.order_by("pk").values_list("pk", flat=True)[:limit])


def give_up_dead() -> int:
    """Fail runs whose worker died at the last attempt. Returns how many."""
    dead = ReportRun.objects.filter(_takeable(), attempts__gte=MOST_ATTEMPTS)
    return dead.update(
        state=RunState.FAILED,
        finished_at=now(),
        error_code="abandoned",
        error="The worker died each time while it made this report.",
    )


def announce(run: ReportRun) -> None:
    """Tell who listens. Published first, marked then: a crash in between tells twice, same id."""
    finished = run.finished_at or now()
    event = ReportCompleted(
        id=f"evt_report_{run.pk}",
        occurred_at=to_text(finished),
        form_id=run.form_id,
        report_id=run.pk,
        schedule_id=run.schedule_id,
    )
    publish([event])
    ReportRun.objects.filter(pk=run.pk).update(announced_at=now())


def unannounced(*, limit: int = 100) -> QuerySet[ReportRun]:
    """Finished reports a crash left untold."""
    before = now() - timedelta(seconds=30)
    found = ReportRun.objects.filter(
        state=RunState.SUCCEEDED, announced_at=None, finished_at__lt=before
    )
    return found.order_by("pk")[:limit]


def remove_expired(*, limit: int = 100) -> int:
    """Delete reports older than REPORT_RETENTION_DAYS. Returns how many."""
    before = now() - timedelta(days=settings.REPORT_RETENTION_DAYS)
    expired = ReportRun.objects.filter(finished_at__lt=before).order_by("pk")[:limit]
    for run in expired:
        remove_run(run)
    return len(expired)


def remove_run(run: ReportRun) -> None:
    """The file first: a crash in between leaves a row that says the file is gone, no orphan."""
    remove_document(run.file)
    run.delete()


def _takeable() -> Q:
    moment = now()
    waiting = Q(state=RunState.QUEUED, not_before__lte=moment)
    return waiting | Q(state=RunState.RUNNING, lease_until__lt=moment)


def _mine(run: ReportRun) -> QuerySet[ReportRun]:
    return ReportRun.objects.filter(pk=run.pk, state=RunState.RUNNING, lease_token=run.lease_token)


def _succeed(run: ReportRun, receipt: Receipt) -> bool:
    run.finished_at = now()
    changed = _mine(run).update(
        state=RunState.SUCCEEDED,
        finished_at=run.finished_at,
        lease_until=None,
        file=receipt.place,
        size=receipt.size,
        sha256=receipt.sha256,
        error_code="",
        error="",
    )
    return changed == 1


def _give_back(run: ReportRun, *, code: str, message: str, transient: bool) -> None:
    """Queue again after a pause, or fail for good."""
    again = transient and run.attempts < MOST_ATTEMPTS
    _mine(run).update(
        state=RunState.QUEUED if again else RunState.FAILED,
        not_before=now() + FIRST_DELAY * 2 ** (run.attempts - 1),
        finished_at=None if again else now(),
        lease_until=None,
        error_code=code,
        error=message,
    )


def _file_name(run: ReportRun) -> str:
    return f"report-{run.pk}-{run.attempts}.pdf"
