"""The timeline of a delivery: each attempt as a row that can be read without opening anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from formplatform.core.admin_theme import Colour
from integrations.webhooks.explaining.steps import spoken_time
from integrations.webhooks.explaining.waiting import holds_of
from integrations.webhooks.models import Attempt, Delivery

from .looks import OUTCOME_COLOURS

PHASES = {
    "dns": "name look-up",
    "connect": "connecting",
    "tls": "TLS",
    "wait": "waiting for the answer",
    "body": "reading the answer",
}
REST = "rest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A part of an attempt's time; `start` and `width` are percent of the slowest attempt."""

    name: str
    label: str
    milliseconds: float
    start: float
    width: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    attempt: Attempt
    colour: Colour
    offset: str
    started: str
    phases: Sequence[Phase]
    request_headers: Sequence[tuple[str, str]]
    response_headers: Sequence[tuple[str, str]]

    @property
    def spoken(self) -> str:
        """The bar in words."""
        return ", ".join(f"{each.label} {each.milliseconds:g} ms" for each in self.phases)


def draw_timeline(delivery: Delivery) -> SafeString:
    attempts = list(delivery.attempts.all())
    slowest = max((attempt.duration_ms or 0 for attempt in attempts), default=0)
    rows = [_row(delivery, attempt, slowest) for attempt in attempts]
    context = {
        "rows": rows,
        "legend": list(PHASES.items()) if any(row.phases for row in rows) else [],
        "waits": [step.text for step in holds_of(delivery)],
        "delivery": delivery,
        "finished": spoken_time(delivery.finished_at),
    }
    return render_to_string("integrations/timeline.html", context)


def _row(delivery: Delivery, attempt: Attempt, slowest: int) -> Row:
    seconds = (attempt.started_at - delivery.created_at).total_seconds()
    return Row(
        attempt=attempt,
        colour=OUTCOME_COLOURS[attempt.outcome],
        offset=f"+{max(seconds, 0):,.3f}".rstrip("0").rstrip(".") + " s",
        started=spoken_time(attempt.started_at),
        phases=_phases(attempt, slowest),
        request_headers=_headers(attempt.request_headers),
        response_headers=_headers(attempt.response_headers),
    )


def _phases(attempt: Attempt, slowest: int) -> list[Phase]:
    """In the order in which they happen; what no phase accounts for comes last."""
    total = attempt.duration_ms or 0
    known = {name: float(attempt.phases.get(name) or 0) for name in PHASES}
    known[REST] = max(total - sum(known.values()), 0)
    scale = 100 / max(slowest, sum(known.values()), 1)
    found, start = [], 0.0
    for name, milliseconds in known.items():
        if milliseconds > 0:
            width = milliseconds * scale
            label = PHASES.get(name, "other")
            found.append(
                Phase(
                    name=name,
                    label=label,
                    milliseconds=round(milliseconds, 1),
                    start=round(start, 2),
                    width=round(max(width, 0.4), 2),
                )
            )
            start += width
    return found


def _headers(headers: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in headers.items())
