"""Writing down what came of attempts: the attempt, its delivery, its lane, in one transaction."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from formplatform.core import clock
from integrations.webhooks import alerts, endpoints
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue import breaker, lanes, schedule
from integrations.webhooks.repeating import dead_letters

from .jobs import OUR_FAULT, Result

logger = logging.getLogger(__name__)

GONE = 410
ATTEMPT_FIELDS = (
    "outcome",
    "started_at",
    "finished_at",
    "duration_ms",
    "status_code",
    "error_code",
    "error",
    "peer",
    "phases",
    "request_headers",
    "response_headers",
    "response",
)


def record(results: Sequence[Result], *, courier: uuid.UUID, in_flight: Mapping[str, int]) -> None:
    """Write results down and give back the lanes that have nothing more in flight.

    Args:
        results: of one courier.
        courier: whose.
        in_flight: what it still has in flight, by endpoint.
    """
    by_lane: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_lane[result.job.destination.webhook_id].append(result)
    with transaction.atomic():
        locked = lanes.lock(sorted(by_lane))
        _close_attempts([result for result in results if result.was_sent])
        _settle_delivered([result for result in results if result.delivered])
        _return_unsent([result for result in results if not result.was_sent])
        for webhook_id, lane in locked.items():
            _settle_lane(lane, by_lane[webhook_id], courier, in_flight.get(webhook_id, 0))
        lanes.save(list(locked.values()))


def _settle_lane(lane: Lane, results: Sequence[Result], courier: uuid.UUID, in_flight: int) -> None:
    for result in sorted(results, key=lambda each: each.at):
        if result.delivered:
            lane.delivered_total += 1
            alerts.tell_of_recovery(lane, at=result.at)
            breaker.note_success(lane, at=result.at)
        elif result.was_sent:
            lane.failed_total += 1
            _settle_failed(lane, result)
    if lane.lease == courier:  # else it is somebody else's by now, who says when it is due
        lanes.settle(
            lane,
            courier=courier,
            in_flight=in_flight,
            now=clock.now(),
            due_known=all(result.delivered for result in results),
        )


def _close_attempts(results: Sequence[Result]) -> None:
    Attempt.objects.bulk_create(
        (
            Attempt(
                delivery_id=result.job.delivery_id,
                number=result.job.attempt_no,
                started_at=result.started_at,
                outcome=Attempt.Outcome.DELIVERED if result.delivered else Attempt.Outcome.FAILED,
                finished_at=result.at,
                duration_ms=result.duration_ms,
                status_code=result.status_code,
                error_code=result.error_code,
                error=result.error,
                peer=result.peer,
                phases=result.phases,
                request_headers=result.request_headers,
                response_headers=result.response_headers,
                response=result.response,
            )
            for result in results
        ),
        update_conflicts=True,
        unique_fields=["delivery", "number"],
        update_fields=ATTEMPT_FIELDS,
    )


def _settle_delivered(results: Sequence[Result]) -> None:
    """A receiver that has it has it: also where the lease ended and another courier took over."""
    Delivery.objects.filter(pk__in=[result.job.delivery_id for result in results]).update(
        status=Delivery.Status.DELIVERED,
        due_at=None,
        dead_reason="",
        last_error="",
        finished_at=clock.now(),
    )


def _return_unsent(results: Sequence[Result]) -> None:
    """Their turn never came: the attempt that was opened for them did not happen.

    Neither where the message was given up meanwhile; where another courier took it over, that one
    has closed the attempt.
    """
    by_number: dict[int, list[str]] = defaultdict(list)
    for result in results:
        by_number[result.job.attempt_no].append(result.job.delivery_id)
    for number, ids in by_number.items():
        Delivery.objects.filter(
            pk__in=ids, status=Delivery.Status.SENDING, attempt_no=number
        ).update(status=Delivery.Status.PENDING, attempt_no=F("attempt_no") - 1)
        Attempt.objects.filter(
            delivery__in=ids, number=number, outcome=Attempt.Outcome.SENDING
        ).delete()


def _settle_failed(lane: Lane, result: Result) -> None:
    job = result.job
    if result.error_code != OUR_FAULT:
        breaker.note_failed_attempt(lane, at=result.at)
    if result.blames_receiver:
        breaker.note_failure(lane, at=result.at)
    if result.pauses_endpoint:
        lane.paused_until = result.at + schedule.pause(result.retry_after_seconds)
    failures = job.failures + 1
    wait = schedule.delay_after(
        failures,
        delays=job.destination.retry_delays,
        max_attempts=settings.WEBHOOK_MAX_RETRIES,
        jitter_percent=settings.WEBHOOK_JITTER_PERCENT,
        retry_after_seconds=result.retry_after_seconds,
    )
    if wait is None or result.permanent:
        _mine(result).update(failures=failures)
        _give_up(lane, result)
        return
    _mine(result).update(
        status=Delivery.Status.PENDING,
        due_at=result.at + wait,
        failures=failures,
        last_error=result.error,
    )


def _give_up(lane: Lane, result: Result) -> None:
    gone = result.status_code == GONE
    reason = Delivery.DeadReason.EXHAUSTED
    if result.permanent:
        reason = Delivery.DeadReason.GONE if gone else Delivery.DeadReason.REFUSED
    buried = dead_letters.bury(_mine(result), reason=reason, at=result.at, last_error=result.error)
    lane.dead_total += buried
    if buried:
        logger.warning(
            "webhook became a dead letter",
            extra={
                "webhook": lane.pk,
                "delivery": result.job.delivery_id,
                "reason": reason.value,
            },
        )
        alerts.tell_of_dead_letters(lane, at=result.at)
    if gone:
        waiting = Delivery.objects.filter(webhook=lane.pk, status=Delivery.Status.PENDING)
        disabled = Delivery.DeadReason.DISABLED
        lane.dead_total += dead_letters.bury(waiting, reason=disabled, at=result.at)
        endpoints.disable(lane.pk, reason=Webhook.DisabledReason.GONE)


def _mine(result: Result) -> QuerySet[Delivery]:
    """The delivery, unless another courier took it over: attempts never have the same number."""
    return Delivery.objects.filter(
        pk=result.job.delivery_id,
        status=Delivery.Status.SENDING,
        attempt_no=result.job.attempt_no,
    )
