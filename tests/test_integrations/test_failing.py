"""Endpoints that fail for days: warned of three times, then disabled, unless a message arrives."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from integrations.webhooks import endpoints
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.notice_models import Notice
from integrations.webhooks.tasks import deliver_due, send_notices, watch_endpoints
from tests.fakes.receiver import OK, Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")

START = datetime(2026, 1, 9, 12, tzinfo=UTC)
HOUR = 3600
STEP = 12
"""Hours between two messages."""


@pytest.fixture(autouse=True)
def one_attempt(settings):
    settings.WEBHOOK_MAX_RETRIES = 1
    settings.WEBHOOK_DISABLE_AFTER_DAYS = 5


@pytest.fixture
def now():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def send(submit):
    """One more message, tried at once whatever held it up."""

    def send():
        submit()
        Lane.objects.update(due_at=START, breaker="closed", paused_until=None)
        deliver_due.delay()

    return send


def fail_for(now, send, *, hours, watched=True):
    """A failing message every twelve hours, looked at each time."""
    for _ in range(hours // STEP):
        now.shift(STEP * HOUR)
        send()
        if watched:
            look()


def look():
    """What beat does: watch, then mail (nowhere: no server is set)."""
    watch_endpoints.delay()
    send_notices.delay()


def warnings():
    made = Notice.objects.filter(kind="will_be_disabled").order_by("created_at")
    return [(each.created_at - START).total_seconds() / HOUR for each in made]


def test_five_days_of_failures_bring_three_warnings_and_the_end(subscribe, send, now):
    with Receiver(Reply(503)) as receiver:
        webhook, _ = subscribe(receiver.url())
        send()
        fail_for(now, send, hours=108)
        webhook.refresh_from_db()
        assert webhook.is_enabled
        fail_for(now, send, hours=12)
        webhook.refresh_from_db()
        assert (webhook.status, webhook.disabled_reason) == ("disabled", "failing")
        assert webhook.disabled_at == START + timedelta(days=5)
        look()
    notices = Notice.objects.exclude(kind="dead_letters").values_list("kind", flat=True)
    assert list(notices.order_by("pk")) == [*["will_be_disabled"] * 3, "disabled"]


def test_each_warning_comes_once_at_its_time(subscribe, send, now):
    with Receiver(Reply(404)) as receiver:
        subscribe(receiver.url())
        send()
        fail_for(now, send, hours=108)
    assert warnings() == [60, 84, 108]
    assert Lane.objects.get().warned_percent == 90


def test_what_waits_when_it_is_disabled_becomes_dead_letters(subscribe, submit, send, now):
    with Receiver(Reply(503)) as receiver:
        subscribe(receiver.url())
        send()
        fail_for(now, send, hours=108)
        now.shift(12 * HOUR)
        send()
        Lane.objects.update(paused_until=START + timedelta(days=9))
        submit()
        assert Delivery.objects.filter(due_at__isnull=False).count() == 1
        look()
    assert Delivery.objects.filter(dead_reason="disabled").count() == 1
    assert Delivery.objects.filter(due_at__isnull=False).count() == 0
    assert Webhook.objects.get().status == "disabled"


def test_where_nobody_looked_for_days_one_warning_comes_first(subscribe, send, now):
    with Receiver(Reply(503)) as receiver:
        subscribe(receiver.url())
        send()
        fail_for(now, send, hours=156, watched=False)
        look()
        assert (warnings(), Webhook.objects.get().status) == ([156], "enabled")
        now.shift(11 * HOUR)
        send()
        look()
        assert Webhook.objects.get().status == "enabled"
        now.shift(HOUR)
        send()
        look()
    assert (warnings(), Webhook.objects.get().status) == ([156], "disabled")


def test_an_endpoint_without_traffic_is_never_disabled(subscribe, send, now):
    with Receiver(Reply(503)) as receiver:
        subscribe(receiver.url())
        send()
        fail_for(now, send, hours=108)
        now.shift(90 * 24 * HOUR)
        look()
        look()
    assert Webhook.objects.get().status == "enabled"
    assert warnings() == [60, 84, 108]


def test_a_message_that_arrives_starts_the_count_anew(subscribe, send, now):
    with Receiver(Reply(503)) as receiver:
        subscribe(receiver.url())
        send()
        fail_for(now, send, hours=108)
        receiver.replies[:] = [OK, Reply(503)]
        fail_for(now, send, hours=12)
        lane = Lane.objects.get()
        assert (lane.failing_since, lane.warned_percent, lane.warned_at) == (None, 0, None)
        fail_for(now, send, hours=60)
    assert Webhook.objects.get().status == "enabled"
    assert Notice.objects.filter(kind="recovered").count() == 1


def test_switching_on_again_starts_everything_anew(subscribe, send, now):
    with Receiver(Reply(503)) as receiver:
        webhook, _ = subscribe(receiver.url())
        send()
        fail_for(now, send, hours=120)
        Lane.objects.update(
            breaker="open",
            breaker_until=START + timedelta(days=99),
            breaker_trips=7,
            paused_until=START + timedelta(days=99),
            window=1,
        )
        webhook.refresh_from_db()
        receiver.replies[:] = [OK]
        before = len(receiver.received)
        assert endpoints.enable(webhook, replay=True) == 11
        lane = Lane.objects.get()
        assert (lane.breaker, lane.breaker_until, lane.breaker_trips) == ("closed", None, 0)
        assert (lane.paused_until, lane.window, lane.failures_in_row) == (None, 2, 0)
        assert (lane.failing_since, lane.warned_percent, lane.alerted_at) == (None, 0, None)
        deliver_due.delay()
    assert len(receiver.received) == before + 11
    assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}


def test_nothing_is_ever_disabled_where_the_setting_is_zero(subscribe, send, now, settings):
    settings.WEBHOOK_DISABLE_AFTER_DAYS = 0
    with Receiver(Reply(503)) as receiver:
        subscribe(receiver.url())
        send()
        now.shift(30 * 24 * HOUR)
        send()
        look()
    assert (Webhook.objects.get().status, warnings()) == ("enabled", [])


def test_a_fault_of_the_platform_does_not_count_against_an_endpoint(subscribe, send, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("a bug of ours")

    subscribe("https://example.com/hook")
    monkeypatch.setattr("integrations.http.send", broken)
    send()
    lane = Lane.objects.get()
    assert (lane.failed_total, lane.failing_since, lane.last_failure_at) == (1, None, None)
