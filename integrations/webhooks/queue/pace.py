"""How an endpoint wants to be sent to: in what order, how fast, and when again."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from formplatform.core.errors import FieldError
from integrations.webhooks.models import Webhook

from .schedule import LONGEST_DELAY_SECONDS, MOST_ATTEMPTS, PRESETS

DEFAULT = "default"
MOST_PER_MINUTE = 60_000
RetryDelays = str | Sequence[float] | None
"""The name of a preset, or seconds before each attempt; None for the platform's schedule."""

_DELAYS_REMEDY = (
    f"Give one of {', '.join(PRESETS)}, or 1 to {MOST_ATTEMPTS} numbers of seconds before each "
    f"attempt, the first included, each from 0 to {LONGEST_DELAY_SECONDS}."
)


def pace_errors(*, ordering: str, rate_per_minute: Any, retry_delays: Any) -> Iterator[FieldError]:
    """What cannot be kept of what a person asks for."""
    if ordering not in Webhook.Ordering.values:
        known = ", ".join(Webhook.Ordering.values)
        yield FieldError("ordering", "unknown_ordering", f"Choose from {known}.")
    if rate_per_minute is not None and not _is_rate(rate_per_minute):
        remedy = f"Give a whole number from 1 to {MOST_PER_MINUTE}, or null for no limit."
        yield FieldError("rate_per_minute", "not_a_rate", remedy)
    if not _are_delays(retry_delays):
        yield FieldError("retry_delays", "not_a_schedule", _DELAYS_REMEDY)


def stored_delays(retry_delays: RetryDelays) -> list[float] | None:
    """What was checked, as an endpoint keeps it."""
    if retry_delays is None or retry_delays == DEFAULT:
        return None
    return list(PRESETS[retry_delays] if isinstance(retry_delays, str) else retry_delays)


def preset_of(delays: Sequence[float] | None) -> str:
    """The name of a schedule, or nothing where it is an endpoint's own."""
    if delays is None:
        return DEFAULT
    return next((name for name, preset in PRESETS.items() if list(preset) == list(delays)), "")


def _is_rate(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MOST_PER_MINUTE


def _are_delays(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value is None or value in PRESETS
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_ATTEMPTS:
        return False
    return all(_is_delay(each) for each in value)


def _is_delay(value: Any) -> bool:
    if type(value) not in (int, float) or not math.isfinite(value):
        return False
    return bool(0 <= value <= LONGEST_DELAY_SECONDS)
