"""How fast, in what order and when again an endpoint is sent to: asked for, refused, shown."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key
from integrations.webhooks import endpoints
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue.schedule import PRESETS
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver, Reply

START = datetime(2026, 1, 9, 12, tzinfo=UTC)


@pytest.fixture
def api(owner):
    _, token = create_key(owner, name="tests", scopes=SCOPES)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def make(api, survey, **values):
    body = {"url": "https://hooks.example.com/in", "form_id": survey.id, **values}
    return api.post("/api/v2/webhooks/", {**body, "events": ["response.submitted"]}, format="json")


def change(api, webhook, **values):
    return api.patch(f"/api/v2/webhooks/{webhook.pk}/", values, format="json")


def test_an_endpoint_is_unordered_unlimited_and_on_the_platforms_schedule(api, survey):
    made = make(api, survey).json()
    assert (made["ordering"], made["rate_per_minute"]) == ("none", None)
    assert (made["retry_delays"], made["retry_preset"]) == (None, "default")


def test_an_endpoint_is_made_with_an_order_a_rate_and_a_schedule(api, survey):
    made = make(api, survey, ordering="key", rate_per_minute=90, retry_delays=[0, 2.5, 60]).json()
    assert (made["ordering"], made["rate_per_minute"]) == ("key", 90)
    assert (made["retry_delays"], made["retry_preset"]) == ([0, 2.5, 60], "")
    kept = Webhook.objects.get()
    assert (kept.ordering, kept.rate_per_minute, kept.retry_delays) == ("key", 90, [0, 2.5, 60])


def test_a_preset_is_kept_as_its_delays_and_default_as_none(api, survey, subscribe):
    webhook, _ = subscribe("https://example.com/hook")
    day = change(api, webhook, retry_delays="day").json()
    assert (day["retry_delays"], day["retry_preset"]) == (list(PRESETS["day"]), "day")
    assert change(api, webhook, description="same").json()["retry_preset"] == "day"
    default = change(api, webhook, retry_delays="default").json()
    assert (default["retry_delays"], default["retry_preset"]) == (None, "default")
    webhook.refresh_from_db()
    assert webhook.retry_delays is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retry_delays", "weekly"),
        ("retry_delays", []),
        ("retry_delays", [0] * 21),
        ("retry_delays", [-1]),
        ("retry_delays", [0, 7 * 24 * 3600 + 1]),
        ("retry_delays", [True]),
        ("retry_delays", ["1"]),
        ("retry_delays", {"first": 1}),
        ("retry_delays", 5),
        ("rate_per_minute", 0),
        ("rate_per_minute", 60_001),
        ("rate_per_minute", "fast"),
        ("ordering", "random"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name_and_changes_nothing(api, subscribe, field, value):
    webhook, _ = subscribe("https://example.com/hook", retry_delays=[0, 9])
    answer = change(api, webhook, **{field: value})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.json()["errors"][0]["message"]
    webhook.refresh_from_db()
    assert (webhook.retry_delays, webhook.rate_per_minute, webhook.ordering) == (
        [0, 9],
        None,
        "none",
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_delay_that_is_no_number_is_refused(owner, number):
    with pytest.raises(endpoints.InvalidInputError) as refusal:
        endpoints.create_webhook(
            endpoints.EndpointForm(
                url="https://example.com", events=["response.submitted"], retry_delays=[number]
            ),
            owner_id=owner.pk,
            form_id="",
        )
    assert [error.field for error in refusal.value.errors] == ["retry_delays"]
    assert Webhook.objects.count() == 0


def test_the_longest_schedule_is_allowed(api, subscribe):
    webhook, _ = subscribe("https://example.com/hook")
    longest = [7 * 24 * 3600.0] * 20
    assert change(api, webhook, retry_delays=longest).json()["retry_delays"] == longest


@pytest.mark.usefixtures("loopback")
def test_an_endpoints_own_schedule_is_what_it_is_tried_by(subscribe, submit):
    with Receiver(Reply(500)) as receiver, time_machine.travel(START, tick=False) as now:
        subscribe(receiver.url(), retry_delays=[3, 10])
        submit()
        while (due_at := Delivery.objects.get().due_at) is not None:
            now.move_to(due_at)
            deliver_due.delay()
    started = Attempt.objects.order_by("number").values_list("started_at", flat=True)
    assert [(at - START).total_seconds() for at in started] == [3, 13]
    assert Delivery.objects.get().status == "dead"


def test_the_state_of_a_lane_says_what_holds_messages_up(api, subscribe, submit):
    with time_machine.travel(START, tick=False):
        webhook, _ = subscribe("https://example.com/hook", rate_per_minute=60)
        later = START + timedelta(seconds=90)
        Lane.objects.update(
            breaker="open",
            breaker_until=later,
            paused_until=later,
            tokens=0,
            tokens_at=START,
            failing_since=START - timedelta(days=2),
            last_failure_at=START,
        )
        shown = api.get(f"/api/v2/webhooks/{webhook.pk}/").json()
    assert shown["lane"] == {
        "holds": ["breaker_open", "paused", "rate_limited"],
        "breaker": "open",
        "breaker_until": "2026-01-09T12:01:30.000Z",
        "paused_until": "2026-01-09T12:01:30.000Z",
        "rate_limited_until": "2026-01-09T12:00:01.000Z",
        "failing_since": "2026-01-07T12:00:00.000Z",
        "disabled_at_latest": "2026-01-12T12:00:00.000Z",
    }
    assert shown["health"]["state"] == "down"


def test_an_attempt_is_shown_with_its_phases_and_headers(api, subscribe, submit):
    subscribe("https://example.com/hook")
    submit()
    delivery = Delivery.objects.get()
    Attempt.objects.filter(delivery=delivery).delete()
    Attempt.objects.create(
        delivery=delivery,
        number=9,
        started_at=START,
        phases={"dns": 1.5, "wait": 20},
        request_headers={"webhook-id": "evt_1"},
        response_headers={"server": "nginx"},
    )
    (attempt,) = api.get(f"/api/v2/deliveries/{delivery.pk}/").json()["attempts"]
    assert attempt["phases"] == {"dns": 1.5, "wait": 20}
    assert attempt["request_headers"] == {"webhook-id": "evt_1"}
    assert attempt["response_headers"] == {"server": "nginx"}
