"""When a receiver as a whole is unwell: fewer calls at a time, then none but a probe.

- The window of a lane grows by one call with each success and is halved by each failure, so an
  endpoint that begins to hang holds few calls.
- Ten failures in a row open the breaker. While it is open nothing is sent and no message loses an
  attempt; then one message goes as a probe. It fails: open again, twice as long, up to five
  minutes. It succeeds: closed, and what waited goes.

Only what says something of the receiver counts: no answer, 408, 429 and 5xx. A 400 is about one
message, and one bad message must not hold up the others.
"""

from datetime import datetime, timedelta

from integrations.webhooks.lane_models import Lane

MOST_IN_FLIGHT = 8
"""Calls to one endpoint at a time."""
FIRST_WINDOW = 2
TRIP_AFTER = 10
SHORTEST_OPEN = timedelta(seconds=5)
LONGEST_OPEN = timedelta(minutes=5)
REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERRORS = 408, 429, 500


def blames_receiver(status_code: int | None) -> bool:
    """Whether an attempt that failed like this says that the receiver is unwell."""
    if status_code is None or status_code in {REQUEST_TIMEOUT, TOO_MANY_REQUESTS}:
        return True
    return status_code >= SERVER_ERRORS


def note_success(lane: Lane, *, at: datetime) -> None:
    lane.breaker = Lane.Breaker.CLOSED
    lane.breaker_until = None
    lane.breaker_trips = lane.failures_in_row = 0
    _forget_failing(lane)
    lane.last_success_at = at
    lane.window = min(lane.window + 1, MOST_IN_FLIGHT)


def note_failed_attempt(lane: Lane, *, at: datetime) -> None:
    """Any failure that is not our own: an endpoint that only ever says 404 is failing too."""
    lane.failing_since = lane.failing_since or at
    lane.last_failure_at = at


def note_failure(lane: Lane, *, at: datetime) -> None:
    """A failure the receiver is to blame for."""
    lane.failures_in_row += 1
    lane.window = max(lane.window // 2, 1)
    probe_failed = lane.breaker == Lane.Breaker.HALF_OPEN
    tripped = lane.breaker == Lane.Breaker.CLOSED and lane.failures_in_row >= TRIP_AFTER
    if probe_failed or tripped:
        lane.breaker = Lane.Breaker.OPEN
        lane.breaker_until = at + min(
            SHORTEST_OPEN * 2 ** min(lane.breaker_trips, 10), LONGEST_OPEN
        )
        lane.breaker_trips += 1


def begin_anew(lane: Lane) -> None:
    """A person switched the endpoint on: nothing of before counts."""
    lane.breaker = Lane.Breaker.CLOSED
    lane.breaker_until = lane.paused_until = None
    lane.breaker_trips = lane.failures_in_row = 0
    lane.window = FIRST_WINDOW
    _forget_failing(lane)


def calls_allowed(lane: Lane, *, in_flight: int, now: datetime) -> int:
    """How many more calls the receiver's health allows; half-opens an open breaker in time."""
    if lane.breaker == Lane.Breaker.OPEN:
        if lane.breaker_until is not None and lane.breaker_until > now:
            return 0
        lane.breaker = Lane.Breaker.HALF_OPEN
    window = 1 if lane.breaker == Lane.Breaker.HALF_OPEN else lane.window
    return max(window - in_flight, 0)


def _forget_failing(lane: Lane) -> None:
    lane.failing_since = lane.last_failure_at = None
    lane.warned_at = lane.alerted_at = None
    lane.warned_percent = 0
