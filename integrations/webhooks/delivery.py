"""Sending what was taken up, and judging what came of it.

No database is touched here: `claims.take` commits before, `outcomes.record` begins after.
"""

import logging
import time
import uuid
from datetime import datetime

from django.conf import settings

from formplatform.core import clock
from integrations import http
from integrations.errors import OutboundError, RefusedTargetError

from .queue import schedule
from .queue.breaker import blames_receiver
from .security import signed_headers
from .sending import claims, outcomes
from .sending.jobs import OUR_FAULT, Job, Result, Run
from .sending.redaction import redact_headers, redact_response

logger = logging.getLogger(__name__)

GONE = 410
MAX_RESPONSE_BYTES = 8 * 1024


def deliver_webhook(delivery_id: str) -> Result | None:
    """Make one attempt at one delivery, now; None where it is not due or taken by another."""
    courier = uuid.uuid4()
    job = claims.take_one(courier, delivery_id)
    if job is None:
        return None
    result = send(job)
    outcomes.record([result], courier=courier, in_flight={})
    return result


def send_run(run: Run) -> list[Result]:
    """Send messages one after the other; returns a result for each, sent or not.

    Ends early where going on would overtake a message that failed, where the receiver is unwell,
    or where the time of a call is used up: what is left goes back as it was.
    """
    results: list[Result] = []
    ends_at = time.monotonic() + settings.WEBHOOK_TIMEOUT
    for job in run.jobs:
        if results and (_ends(run, results[-1]) or time.monotonic() > ends_at):
            now = clock.now()
            left = run.jobs[len(results) :]
            return results + [Result(job=j, at=now, started_at=now, was_sent=False) for j in left]
        results.append(_send_safely(job))
    return results


def send(job: Job) -> Result:
    """Call the receiver. Touches no database, never raises for what a receiver or network does."""
    started_at = clock.now()
    headers = signed_headers(
        job.destination.secrets,
        webhook_id=job.destination.webhook_id,
        message_id=job.event_id,
        attempt=job.attempt_no,
        at=started_at,
        body=job.body,
    )
    try:
        answer = http.send(
            "POST",
            job.destination.url,
            body=job.body,
            headers={
                **job.destination.headers,
                **headers,
                "Content-Type": job.content_type,
                "X-Webhook-Sequence": str(job.seq),
            },
            timeout_seconds=settings.WEBHOOK_TIMEOUT,
            max_bytes=MAX_RESPONSE_BYTES,
        )
    except OutboundError as error:
        refused = isinstance(error, RefusedTargetError)
        return Result(
            job=job,
            at=clock.now(),
            started_at=started_at,
            permanent=refused,
            blames_receiver=not refused and not error.is_ours,
            error_code=error.reason,
            error=error.message,
            peer=error.peer,
            duration_ms=round(error.seconds * 1000),
            phases=error.phases,
            request_headers=redact_headers(error.request_headers),
        )
    return _judge(job, answer, started_at)


def _send_safely(job: Job) -> Result:
    """A fault of ours costs its own message an attempt, and no other message anything."""
    try:
        return send(job)
    except Exception:
        logger.exception("sending a webhook failed inside the platform")
        now = clock.now()
        return Result(
            job=job,
            at=now,
            started_at=now,
            error_code=OUR_FAULT,
            error="An error of the platform.",
        )


def _ends(run: Run, last: Result) -> bool:
    return not last.delivered and (run.in_order or last.blames_receiver or last.permanent)


def _judge(job: Job, answer: http.Answer, started_at: datetime) -> Result:
    """2xx is delivered; everything else, redirects included, is not."""
    now = clock.now()
    delivered = 200 <= answer.status < 300  # noqa: PLR2004 - the range of success
    return Result(
        job=job,
        at=now,
        started_at=started_at,
        delivered=delivered,
        permanent=answer.status == GONE,
        blames_receiver=not delivered and blames_receiver(answer.status),
        status_code=answer.status,
        error_code="" if delivered else f"http_{answer.status}",
        error="" if delivered else f"The receiver answered {answer.status}.",
        peer=answer.peer,
        duration_ms=round(answer.seconds * 1000),
        phases=answer.phases,
        request_headers=redact_headers(answer.request_headers),
        response_headers=redact_headers(answer.headers, hidden=job.destination.headers.values()),
        response=redact_response(
            answer.body, sent=job.body, hidden=job.destination.headers.values()
        ),
        retry_after_seconds=schedule.retry_after_seconds(answer.headers, now=now),
    )
