"""What became of a delivery, or everything that holds it up."""

from collections.abc import Iterator
from datetime import datetime

from formplatform.core import clock
from formplatform.core.clock import to_text

from . import rate
from .lane_models import Lane
from .models import Delivery, Webhook
from .steps import Step


def explain_delivery(delivery: Delivery) -> Iterator[Step]:
    """Where a message is: its attempts, then what became of it or what it waits for."""
    yield Step(
        "numbered",
        f"It is message {delivery.seq} of this endpoint, with {_attempts(delivery.attempt_no)}.",
        details={"seq": delivery.seq, "delivery_id": delivery.pk, "attempts": delivery.attempt_no},
    )
    last = delivery.attempts.order_by("-number").first()
    if last is not None and last.error:
        yield Step(
            "last_attempt",
            f"Attempt {last.number} at {to_text(last.started_at)}: {last.error}",
            details={"status_code": last.status_code, "error_code": last.error_code},
        )
    yield from _state(delivery)


def _state(delivery: Delivery) -> Iterator[Step]:
    finished = to_text(delivery.finished_at) if delivery.finished_at else "an unknown time"
    match delivery.status:
        case Delivery.Status.DELIVERED:
            yield Step("delivered", f"The receiver took it at {finished}.", sent=True)
        case Delivery.Status.DEAD:
            reason = delivery.get_dead_reason_display()
            yield Step(
                f"dead_{delivery.dead_reason}",
                f"It was given up at {finished}: {reason}. It can be sent again.",
                sent=False,
            )
        case Delivery.Status.SENDING:
            yield Step("sending", "It is being sent right now.")
        case Delivery.Status.PENDING:
            yield from _holds(delivery)
        case _:
            yield Step(delivery.status, "It was cancelled.", sent=False)


def _holds(delivery: Delivery) -> Iterator[Step]:
    now = clock.now()
    lane = Lane.objects.select_related("webhook").filter(pk=delivery.webhook_id).first()
    if delivery.is_replay:
        yield Step("replay", "It is sent again: new messages of this endpoint go first.")
    found = [] if lane is None else list(_lane_holds(lane, now))
    before = _in_front(delivery)
    if before is not None:
        found.append(
            Step(
                "behind_message",
                f"It waits behind message {before}: this endpoint gets them in order.",
                details={"behind_seq": before},
            )
        )
    if delivery.due_at is not None and delivery.due_at > now:
        found.append(_until("next_attempt", "Its next attempt waits", delivery.due_at))
    yield from found or [Step("due", "It is due and goes with the next turn of a worker.")]


def _lane_holds(lane: Lane, now: datetime) -> Iterator[Step]:
    if not lane.webhook.is_enabled:
        yield Step("disabled", "The endpoint is disabled: it becomes a dead letter.")
    if lane.breaker == Lane.Breaker.OPEN and lane.breaker_until and lane.breaker_until > now:
        yield _until(
            "breaker_open",
            f"The last {lane.failures_in_row} attempts failed; nothing is sent",
            lane.breaker_until,
        )
    if lane.paused_until and lane.paused_until > now:
        yield _until("paused", "The receiver asked to be left alone", lane.paused_until)
    token_at = rate.next_token_at(lane, per_minute=lane.webhook.rate_per_minute)
    if token_at is not None and token_at > now:
        limit = lane.webhook.rate_per_minute
        yield _until("rate", f"The endpoint takes {limit} messages a minute: none goes", token_at)
    if lane.lease_until and lane.lease_until > now:
        yield _until("leased", "A worker has this endpoint, at the longest", lane.lease_until)


def _in_front(delivery: Delivery) -> int | None:
    """The number of the message that must go first, where the endpoint wants them in order."""
    ordering = delivery.webhook.ordering
    if ordering == Webhook.Ordering.NONE:
        return None
    unfinished = Delivery.objects.filter(webhook=delivery.webhook_id, due_at__isnull=False)
    ahead = unfinished.filter(seq__lt=delivery.seq)
    if ordering == Webhook.Ordering.KEY:
        ahead = ahead.filter(key=delivery.key)
    elif not delivery.is_replay:
        ahead = ahead.filter(is_replay=False)
    return ahead.order_by("seq").values_list("seq", flat=True).first()


def _until(code: str, text: str, moment: datetime) -> Step:
    return Step(code, f"{text} until {to_text(moment)}.", details={"until": to_text(moment)})


def _attempts(number: int) -> str:
    return f"{number} attempt" if number == 1 else f"{number} attempts"
