"""One attempt: send what was taken up, write down what came of it.

No transaction is open while the receiver is called: `queue.claim_due` commits before, `record`
begins after.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from formplatform.core import clock
from integrations import http
from integrations.errors import OutboundError, RefusedTargetError

from . import dead_letters, endpoints, schedule
from .models import Attempt, Delivery, Webhook
from .queue import Job, claim_due
from .redaction import redact_response
from .security import signed_headers

logger = logging.getLogger(__name__)

GONE = 410
MAX_RESPONSE_BYTES = 8 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of an attempt. Without a status code there was no answer."""

    job: Job
    at: datetime
    delivered: bool = False
    permanent: bool = False
    status_code: int | None = None
    error_code: str = ""
    error: str = ""
    peer: str = ""
    duration_ms: int | None = None
    response: str = ""
    retry_after_seconds: int = 0


def deliver_webhook(delivery_id: str) -> Result | None:
    """Make one attempt at one delivery, now; None where it is not due or taken by another."""
    jobs = claim_due(limit=1, only=[delivery_id])
    if not jobs:
        return None
    result = send(jobs[0])
    record([result])
    return result


def send(job: Job) -> Result:
    """Call the receiver. Touches no database, never raises for what a receiver or network does."""
    headers = signed_headers(
        job.secrets,
        webhook_id=job.webhook_id,
        message_id=job.event_id,
        attempt=job.attempt_no,
        at=clock.now(),
        body=job.body,
    )
    try:
        answer = http.send(
            "POST",
            job.url,
            body=job.body,
            headers=headers,
            timeout_seconds=settings.WEBHOOK_TIMEOUT,
            max_bytes=MAX_RESPONSE_BYTES,
        )
    except OutboundError as error:
        return Result(
            job=job,
            at=clock.now(),
            permanent=isinstance(error, RefusedTargetError),
            error_code=error.reason,
            error=error.message,
        )
    return _judge(job, answer)


def _judge(job: Job, answer: http.Answer) -> Result:
    """2xx is delivered; everything else, redirects included, is not."""
    now = clock.now()
    delivered = 200 <= answer.status < 300  # noqa: PLR2004 - the range of success
    return Result(
        job=job,
        at=now,
        delivered=delivered,
        permanent=answer.status == GONE,
        status_code=answer.status,
        error_code="" if delivered else f"http_{answer.status}",
        error="" if delivered else f"The receiver answered {answer.status}.",
        peer=answer.peer,
        duration_ms=round(answer.seconds * 1000),
        response=redact_response(answer.body, sent=job.body),
        retry_after_seconds=schedule.retry_after_seconds(answer.headers, now=now),
    )


def record(results: Sequence[Result]) -> None:
    """Write down what came of attempts, in one transaction."""
    with transaction.atomic():
        for result in results:
            _close_attempt(result)
        _settle_delivered([result for result in results if result.delivered])
        for result in results:
            if not result.delivered:
                _settle_failed(result)


def _close_attempt(result: Result) -> None:
    job = result.job
    Attempt.objects.filter(delivery=job.delivery_id, number=job.attempt_no).update(
        outcome=Attempt.Outcome.DELIVERED if result.delivered else Attempt.Outcome.FAILED,
        finished_at=result.at,
        duration_ms=result.duration_ms,
        status_code=result.status_code,
        error_code=result.error_code,
        error=result.error,
        peer=result.peer,
        response=result.response,
    )


def _settle_delivered(results: Sequence[Result]) -> None:
    """A receiver that has it has it: also where the lease ended and another worker took over."""
    Delivery.objects.filter(pk__in=[result.job.delivery_id for result in results]).update(
        status=Delivery.Status.DELIVERED,
        due_at=None,
        lease=None,
        dead_reason="",
        last_error="",
        finished_at=clock.now(),
    )


def _settle_failed(result: Result) -> None:
    job = result.job
    failures = job.failures + 1
    wait = schedule.delay_after(
        failures,
        max_attempts=settings.WEBHOOK_MAX_RETRIES,
        jitter_percent=settings.WEBHOOK_JITTER_PERCENT,
        retry_after_seconds=result.retry_after_seconds,
    )
    mine = Delivery.objects.filter(pk=job.delivery_id, lease=job.lease)
    if wait is not None and not result.permanent:
        mine.update(
            status=Delivery.Status.PENDING,
            due_at=result.at + wait,
            lease=None,
            failures=failures,
            last_error=result.error,
        )
        return
    mine.update(failures=failures)
    _give_up(result, mine)


def _give_up(result: Result, mine: QuerySet[Delivery]) -> None:
    job = result.job
    reason = Delivery.DeadReason.EXHAUSTED
    if result.status_code == GONE:
        reason = Delivery.DeadReason.GONE
    elif result.permanent:
        reason = Delivery.DeadReason.REFUSED
    if dead_letters.bury(mine, reason=reason, at=result.at, last_error=result.error):
        logger.warning(
            "webhook became a dead letter",
            extra={"webhook": job.webhook_id, "delivery": job.delivery_id, "reason": reason.value},
        )
    if result.status_code == GONE:
        endpoints.disable(job.webhook_id, reason=Webhook.DisabledReason.GONE)
