"""Endpoints that have failed for days: warned of three times, then disabled.

Time runs between failed attempts, not on the calendar: from the first failure after the last
success to the latest one. So an endpoint to which nothing is sent is never disabled, and one that
is disabled failed its last attempt after the whole time was over.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from formplatform.core import clock
from integrations.webhooks import alerts, endpoints
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Webhook
from integrations.webhooks.queue import lanes

WARN_AT_PERCENT = (50, 70, 90)
LAST_WARNING = WARN_AT_PERCENT[-1]


def watch_endpoints() -> int:
    """Warn of endpoints and disable them where it is time; returns how many were disabled.

    Of warnings that are due together only the last is given. Nothing is disabled unless an attempt
    failed long enough after that last warning, also where nobody looked for days.
    """
    limit = timedelta(days=settings.WEBHOOK_DISABLE_AFTER_DAYS)
    if not limit:
        return 0
    suspects = Lane.objects.filter(
        failing_since__lte=clock.now() - limit * WARN_AT_PERCENT[0] / 100,
        webhook__status=Webhook.Status.ENABLED,
        webhook__deleted_at__isnull=True,
    )
    return sum(_look_at(pk, limit) for pk in list(suspects.values_list("pk", flat=True)))


def disable_after(lane: Lane) -> timedelta | None:
    """How long the endpoint may go on failing; None where it is not failing, or never disabled."""
    limit = timedelta(days=settings.WEBHOOK_DISABLE_AFTER_DAYS)
    if not limit or lane.failing_since is None:
        return None
    return max(limit - (clock.now() - lane.failing_since), timedelta(0))


def _look_at(webhook_id: str, limit: timedelta) -> bool:
    with transaction.atomic():
        lane = lanes.lock([webhook_id]).get(webhook_id)
        if lane is None or not lane.webhook.is_enabled:
            return False
        if _has_had_its_time(lane, limit):
            return endpoints.disable(webhook_id, reason=Webhook.DisabledReason.FAILING)
        percent = _failed_for(lane) * 100 / limit
        due = max((step for step in WARN_AT_PERCENT if step <= percent), default=0)
        if due > lane.warned_percent:
            alerts.warn_of_disabling(lane, percent=due, at=clock.now())
            lane.save(update_fields=["warned_percent", "warned_at"])
    return False


def _has_had_its_time(lane: Lane, limit: timedelta) -> bool:
    if lane.warned_percent < LAST_WARNING or lane.warned_at is None or lane.last_failure_at is None:
        return False
    grace = limit * (100 - LAST_WARNING) / 100
    warned_in_time = lane.last_failure_at >= lane.warned_at + grace
    return _failed_for(lane) >= limit and warned_in_time


def _failed_for(lane: Lane) -> timedelta:
    if lane.failing_since is None or lane.last_failure_at is None:
        return timedelta(0)
    return lane.last_failure_at - lane.failing_since
