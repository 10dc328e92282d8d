"""Where a message waits, and why: what a person who looks for it wants to read."""

from collections.abc import Iterator
from datetime import datetime

from formplatform.core import clock

from .health import Hold, LaneState, lane_state
from .models import Delivery, Webhook

WHY = {
    Hold.BREAKER: "its endpoint failed so often in a row that only one message tries, at",
    Hold.PAUSE: "the receiver asked to be left alone until",
    Hold.RATE: "the endpoint's rate allows the next message at",
}


def explain(delivery: Delivery) -> list[str]:
    """Why an unfinished message has not gone yet, as clauses; empty for a finished one."""
    if delivery.status == Delivery.Status.SENDING:
        return ["it is being sent now"]
    if delivery.status != Delivery.Status.PENDING or delivery.due_at is None:
        return []
    return list(_reasons(delivery, delivery.due_at)) or ["it goes as soon as a courier is free"]


def _reasons(delivery: Delivery, due_at: datetime) -> Iterator[str]:
    if due_at > clock.now():
        yield f"its next attempt is due at {moment(due_at)}"
    state = lane_state(delivery.webhook)
    for hold in state.holds:
        yield f"{WHY[hold]} {moment(_until(state, hold))}"
    first = _first_in_line(delivery)
    if first is not None:
        yield f"the endpoint wants its messages in order, and number {first} comes first"


def _until(state: LaneState, hold: Hold) -> datetime | None:
    return {
        Hold.BREAKER: state.breaker_until,
        Hold.PAUSE: state.paused_until,
        Hold.RATE: state.rate_limited_until,
    }[hold]


def _first_in_line(delivery: Delivery) -> int | None:
    ordering = delivery.webhook.ordering
    if ordering == Webhook.Ordering.NONE:
        return None
    ahead = Delivery.objects.filter(
        webhook=delivery.webhook_id, due_at__isnull=False, seq__lt=delivery.seq
    )
    if ordering == Webhook.Ordering.KEY:
        ahead = ahead.filter(key=delivery.key)
    return ahead.order_by("seq").values_list("seq", flat=True).first()


def moment(at: datetime | None) -> str:
    """To the millisecond: the schedule's first waits are seconds."""
    if at is None:
        return ""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC"
