"""One step of an explanation, and how times are told in it."""

from dataclasses import dataclass, field
from datetime import datetime

from formplatform.core.clock import to_text
from formplatform.forms.domain import JsonObject


@dataclass(frozen=True, slots=True)
class Step:
    """`code` is stable and for programs, `text` is for people.

    `sent` is what the last step says: True sent, False not sent, None not yet.
    """

    code: str
    text: str
    sent: bool | None = None
    details: JsonObject = field(default_factory=dict)


def spoken_time(at: datetime | None) -> str:
    """For people, to the millisecond: the schedule's first waits are seconds. Empty for None."""
    if at is None:
        return ""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC"


def unknown() -> Step:
    return Step(
        "unknown_event",
        "No event with this id has reached this endpoint. Take it from the webhook-id header, or "
        "ask by response_id and revision.",
        sent=False,
    )


def before_endpoint(occurred_at: datetime, created_at: datetime) -> Step:
    return Step(
        "before_endpoint",
        f"It happened at {to_text(occurred_at)}, before the endpoint was made at "
        f"{to_text(created_at)}.",
        sent=False,
    )
