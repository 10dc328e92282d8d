"""What became of a delivery, or everything that holds it up."""

from collections.abc import Iterator
from datetime import datetime

from formplatform.core import clock
from formplatform.core.clock import to_text
from integrations.webhooks.models import Delivery, Webhook

from .health import Hold, find_lane, lane_state
from .steps import Step, spoken_time


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
        case Delivery.Status.SENDING | Delivery.Status.PENDING:
            yield from holds_of(delivery)
        case _:
            yield Step(delivery.status, "It was cancelled.", sent=False)


def holds_of(delivery: Delivery) -> Iterator[Step]:
    """Everything that holds up a message that is not finished; nothing for a finished one."""
    if delivery.status == Delivery.Status.SENDING:
        yield Step("sending", "It is being sent right now.")
    if delivery.status != Delivery.Status.PENDING:
        return
    if delivery.is_replay:
        yield Step("replay", "It is sent again: new messages of this endpoint go first.")
    yield from [*_holds(delivery)] or [Step("due", "It is due: the next free courier takes it.")]


def lane_holds(webhook: Webhook) -> Iterator[Step]:
    """What keeps an endpoint's messages from going now, whichever they are."""
    state = lane_state(webhook)
    if Hold.BREAKER in state.holds:
        text = "The receiver failed too often in a row: nothing is sent"
        yield _until("breaker_open", text, state.breaker_until)
    if Hold.PAUSE in state.holds:
        yield _until("paused", "The receiver asked to be left alone", state.paused_until)
    if Hold.RATE in state.holds:
        text = f"The endpoint takes {webhook.rate_per_minute} messages a minute: none goes"
        yield _until("rate", text, state.rate_limited_until)


def _holds(delivery: Delivery) -> Iterator[Step]:
    now, webhook = clock.now(), delivery.webhook
    lane, before = find_lane(webhook), _in_front(delivery)
    if not webhook.is_enabled:
        yield Step("disabled", "The endpoint is disabled: it becomes a dead letter.")
    yield from lane_holds(webhook)
    if lane is not None and lane.lease_until is not None and lane.lease_until > now:
        yield _until("leased", "A worker has this endpoint, at the longest", lane.lease_until)
    if before is not None:
        yield Step(
            "behind_message",
            f"The endpoint wants its messages in order, and number {before} comes first.",
            details={"behind_seq": before},
        )
    if delivery.due_at is not None and delivery.due_at > now:
        yield _until("next_attempt", "Its next attempt waits", delivery.due_at)


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


def _until(code: str, text: str, until: datetime | None) -> Step:
    details = {"until": to_text(until)} if until else {}
    return Step(code, f"{text} until {spoken_time(until)}.", details=details)


def _attempts(number: int) -> str:
    return f"{number} attempt" if number == 1 else f"{number} attempts"
