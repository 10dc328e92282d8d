"""When to try again.

Six attempts, waiting 0 s, 1 s, 5 s, 30 s, 5 min and 30 min before each: 35 min 36 s in all, then
the dead letter.

- At once and after 1 s and 5 s: most failures are a dropped connection or one bad process behind
  a balancer, and are gone a moment later. The receiver still gets its message live.
- After 30 s: a restart.
- After 5 and 30 min: a deployment that went wrong and was rolled back.
- Not for days: a message that waits behind a dead endpoint costs the queue and is stale when it
  comes. A dead letter keeps it, says why, and is sent again with one click once the cause is gone.

A wait is never shorter than its step: jitter only adds (WEBHOOK_JITTER_PERCENT, none by default,
since every wait begins when its own attempt failed and so failures do not gather), and so does a
receiver's Retry-After, up to a day.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_DELAYS: tuple[float, ...] = (0, 1, 5, 30, 300, 1800)
"""Seconds before each attempt, the first one included."""
PRESETS: Mapping[str, tuple[float, ...]] = {
    "default": RETRY_DELAYS,
    "once": (0,),
    "brief": (0, 1, 5, 30),
    "day": (0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000),
    "three_days": (0, 5, 30, 60, 300, 1200, 3600, 14_400, 21_600, 43_200, 43_200, 86_400),
}
"""Schedules by name. `default` is the platform's: 35 minutes in all."""
LONGEST_DELAY_SECONDS = 7 * 24 * 3600
MOST_ATTEMPTS = 20
LONGEST_RETRY_AFTER_SECONDS = 24 * 3600


def delays_of(own: Sequence[float] | None) -> Sequence[float]:
    """An endpoint's own delays, or the platform's."""
    return own or RETRY_DELAYS


def delay_after(
    failures: int,
    *,
    delays: Sequence[float] | None = None,
    max_attempts: int,
    jitter_percent: int = 0,
    retry_after_seconds: int = 0,
) -> timedelta | None:
    """How long to wait after so many failed attempts; None means no further attempt.

    An endpoint's own delays say how many attempts there are. With the platform's, more attempts
    than the schedule has steps repeat the last step.
    """
    attempts = len(delays) if delays else max(max_attempts, 1)
    if failures >= attempts:
        return None
    steps = delays_of(delays)
    step = steps[min(failures, len(steps) - 1)]
    jitter = step * random.uniform(0, jitter_percent / 100)  # noqa: S311 - not a secret
    return max(timedelta(seconds=step + jitter), pause(retry_after_seconds))


def pause(seconds: int) -> timedelta:
    """How long to heed a receiver's Retry-After."""
    return timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER_SECONDS))


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime) -> int:
    """What a receiver's Retry-After asks for (seconds or an HTTP date); 0 where it asks nothing.

    The headers' names are lower case.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return int(value[:10])
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, round((aware - now).total_seconds()))
