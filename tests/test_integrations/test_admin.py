"""The admin of webhooks without a browser: what a person can do, and what a page costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from formplatform.core import clock
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue import doorbell

BASE = "/admin/integrations"
FORM = {
    "url": "https://example.com/hook",
    "events": ["response.submitted"],
    "ordering": "none",
    "preset": "plain",
    "content_type": "application/json",
    "filter": "null",
}


@pytest.fixture(autouse=True)
def silent_bell(monkeypatch):
    """Nothing is sent."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)


@pytest.fixture
def staff(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("ada"))
    return client


@pytest.fixture
def dead(subscribe, submit):
    """Two endpoints with three dead letters each."""
    hooks = [subscribe(f"https://example.com/{name}", description=name)[0] for name in "ab"]
    for _ in range(3):
        submit()
    Delivery.objects.update(
        status="dead", due_at=None, dead_reason="exhausted", finished_at=clock.now()
    )
    Lane.objects.update(dead_total=3)
    return hooks


def questions(client, url):
    client.get(url)  # what a process asks once in its life
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def save(client, webhook, **values):
    return client.post(f"{BASE}/webhook/{webhook.pk}/change/", {**FORM, **values})


@pytest.mark.parametrize("page", ["webhook", "delivery", "deadletter"])
def test_a_list_asks_as_many_questions_for_many_rows_as_for_few(
    staff, dead, subscribe, submit, page
):
    few = questions(staff, f"{BASE}/{page}/")
    for number in range(8):
        subscribe(f"https://example.com/{number}", form_id="")
    for _ in range(3):
        submit()
    Delivery.objects.filter(status="pending").update(
        status="dead", due_at=None, finished_at=clock.now()
    )
    assert questions(staff, f"{BASE}/{page}/") == few
    assert few <= 14


def test_a_timeline_asks_as_many_questions_for_many_attempts_as_for_few(staff, dead):
    delivery = Delivery.objects.first()
    page = f"{BASE}/delivery/{delivery.pk}/change/"
    few = questions(staff, page)
    for number in range(1, 21):
        Attempt.objects.create(delivery=delivery, number=number, started_at=clock.now())
    assert questions(staff, page) == few


def test_a_long_list_is_counted_only_so_far(staff, dead, monkeypatch):
    monkeypatch.setattr("integrations.webhooks.admin.looks.MOST_COUNTED", 4)
    assert "4 deliveries" in staff.get(f"{BASE}/delivery/").text


def test_everything_that_matches_is_sent_again_after_a_page_that_counts(staff, dead):
    first, second = dead
    Webhook.objects.filter(pk=second.pk).update(status="disabled")
    query = "?dead_reason__exact=exhausted"
    assert "Send again everything that matches" in staff.get(f"{BASE}/deadletter/{query}").text
    asked = staff.get(f"{BASE}/deadletter/send-again/{query}").text
    assert "3 dead letters</strong> to 1 endpoint will be sent again" in asked
    assert "3 more stay as they are" in asked
    assert Delivery.objects.filter(status="dead").count() == 6
    answer = staff.post(f"{BASE}/deadletter/send-again/{query}", follow=True)
    assert "3 of 6 are sent again." in answer.text
    waiting = Delivery.objects.filter(due_at__isnull=False)
    assert set(waiting.values_list("webhook", "status")) == {(first.pk, "pending")}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("webhook__id__exact={first}", 3),
        ("form={form}", 6),
        ("form=" + "0" * 24, 0),
        ("dead_reason__exact=gone", 0),
        ("event=response.submitted", 6),
        ("given_up=hour", 5),
        ("given_up=day", 6),
        ("q={event}", 2),
    ],
)
def test_dead_letters_are_found_and_sent_again_by_what_they_have_in_common(
    staff, dead, survey, query, found
):
    event = Delivery.objects.first().event_id
    old = Delivery.objects.order_by("pk").first()
    Delivery.objects.filter(pk=old.pk).update(finished_at=clock.now() - timedelta(hours=2))
    query = query.format(first=dead[0].pk, form=survey.id, event=event)
    staff.post(f"{BASE}/deadletter/send-again/?{query}")
    assert Delivery.objects.filter(status="pending").count() == found


def test_who_may_only_look_sends_nothing_again(client, dead, django_user_model):
    from django.contrib.auth.models import Permission

    looker = django_user_model.objects.create_user("leo", is_staff=True)
    looker.user_permissions.set(
        Permission.objects.filter(codename__in=["view_deadletter", "view_delivery", "view_webhook"])
    )
    client.force_login(looker)
    assert "Send again everything" not in client.get(f"{BASE}/deadletter/").text
    client.post(f"{BASE}/deadletter/send-again/")
    client.post(f"{BASE}/delivery/{Delivery.objects.first().pk}/change/", {"_deed": "send_again"})
    client.post(f"{BASE}/webhook/{dead[0].pk}/change/", {"_deed": "disable"})
    assert Delivery.objects.filter(status="dead").count() == 6
    assert Webhook.objects.filter(status="enabled").count() == 2


def test_the_buttons_of_an_endpoints_page_do_what_they_say(staff, dead):
    webhook = dead[0]

    def press(deed):
        answer = staff.post(f"{BASE}/webhook/{webhook.pk}/change/", {"_deed": deed}, follow=True)
        webhook.refresh_from_db()
        return answer.text

    press("disable")
    assert (webhook.status, webhook.disabled_reason) == ("disabled", "by_owner")
    assert "Enable and send missed" in press("send_test")
    press("enable")
    assert (webhook.status, webhook.deliveries.filter(status="pending").count()) == ("enabled", 0)
    press("enable_and_replay")
    assert webhook.deliveries.filter(status="pending").count() == 3
    assert "whsec_" in press("rotate")
    assert webhook.secrets.count() == 2
    before = Webhook.objects.values().get(pk=webhook.pk)
    press("delete_model")
    assert Webhook.objects.values().get(pk=webhook.pk) == before


def test_a_schedule_is_set_by_preset_or_by_list_and_refused_by_name(staff, dead):
    webhook = dead[0]
    save(staff, webhook, schedule="day")
    webhook.refresh_from_db()
    assert webhook.retry_delays == [0, 5, 300, 1800, 7200, 18000, 36000, 36000]
    save(staff, webhook, schedule="own", own_delays="0, 2.5, 60", rate_per_minute="30")
    webhook.refresh_from_db()
    assert (webhook.retry_delays, webhook.rate_per_minute) == ([0, 2.5, 60], 30)
    for wrong in ("soon", "-1", "0 900000", ""):
        refused = save(staff, webhook, schedule="own", own_delays=wrong).text
        assert "numbers of seconds before each attempt" in refused
    webhook.refresh_from_db()
    assert webhook.retry_delays == [0, 2.5, 60]
    shown = staff.get(f"{BASE}/webhook/{webhook.pk}/change/").text
    assert 'value="0, 2.5, 60"' in shown
    save(staff, webhook, schedule="default")
    webhook.refresh_from_db()
    assert webhook.retry_delays is None


def test_a_waiting_message_says_what_it_waits_for(staff, subscribe, submit):
    webhook, _ = subscribe("https://example.com/hook", ordering="endpoint")
    submit()
    submit()
    later = clock.now() + timedelta(minutes=5)
    Lane.objects.filter(pk=webhook.pk).update(paused_until=later)
    second = Delivery.objects.get(seq=2)
    page = staff.get(f"{BASE}/delivery/{second.pk}/change/").text
    assert "The receiver asked to be left alone until" in page
    assert "wants its messages in order, and number 1 comes first" in page


def test_nothing_a_receiver_says_becomes_markup(staff, dead):
    delivery = Delivery.objects.first()
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=clock.now(),
        response="<script>alert(1)</script>",
        response_headers={"server": "<b>bold</b>"},
    )
    page = staff.get(f"{BASE}/delivery/{delivery.pk}/change/").text
    assert "<script>alert(1)" not in page
    assert "<b>bold</b>" not in page
    assert "&lt;script&gt;alert(1)" in page
