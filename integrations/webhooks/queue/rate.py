"""The rate of an endpoint: a token bucket in its lane.

A message takes a token; tokens come back evenly, up to one second's worth (at least one), so a
limit of 60 a minute is one a second and never sixty at once.
"""

from datetime import datetime, timedelta

from integrations.webhooks.lane_models import Lane


def refill(lane: Lane, *, per_minute: int | None, now: datetime) -> int | None:
    """Bring the tokens up to date; how many messages may go now, None for any number."""
    if per_minute is None:
        return None
    per_second = per_minute / 60
    elapsed = max((now - lane.tokens_at).total_seconds(), 0)
    lane.tokens = min(lane.tokens + elapsed * per_second, max(per_second, 1))
    lane.tokens_at = now
    return int(lane.tokens + 1e-6)


def spend(lane: Lane, messages: int, *, per_minute: int | None) -> None:
    if per_minute is not None:
        lane.tokens -= messages


def next_token_at(lane: Lane, *, per_minute: int | None) -> datetime | None:
    """When the next message may go as far as the rate is concerned; None for at once."""
    if per_minute is None or lane.tokens >= 1:
        return None
    return lane.tokens_at + timedelta(seconds=(1 - lane.tokens) * 60 / per_minute)
