"""The admin of webhooks, as a person sees and uses it."""

from datetime import timedelta

import pytest

from formplatform.core import clock
from integrations.webhooks import endpoints
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue import doorbell

SENT = {
    "content-type": "application/json",
    "webhook-id": "evt_66b2c0ffee65f0c0ffee65f1_1",
    "webhook-signature": "[…]",
    "x-webhook-attempt": "1",
}


def attempt(delivery, number, outcome, *, ago, **facts):
    started_at = clock.now() - ago
    Attempt.objects.create(
        delivery=delivery,
        number=number,
        outcome=outcome,
        started_at=started_at,
        request_headers=SENT,
        **facts,
    )


@pytest.fixture
def traffic(subscribe, submit, monkeypatch):
    """Endpoints in every state, a delivery that took four attempts, dead letters."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    healthy, _ = subscribe("https://hooks.example.com/forms", description="CRM intake")
    failing, _ = subscribe("https://legacy.example.org/in?key=hush", description="Legacy archive")
    off, _ = subscribe("https://zapier.example/hooks/1", description="Old Zap")
    subscribe("https://audit.example/in", description="Audit trail", ordering="endpoint")
    for _ in range(12):
        submit()
    now = clock.now()
    finish(healthy, now)
    waiting, gave_up, *rest = Delivery.objects.filter(webhook=failing).order_by("seq")
    stumble(waiting, now)
    for place, delivery in enumerate((gave_up, *rest)):
        endpoints.dead_letters.bury(
            Delivery.objects.filter(pk=delivery.pk),
            reason=Delivery.DeadReason.EXHAUSTED,
            at=now - timedelta(minutes=place),
            last_error="The receiver answered 503.",
        )
    Delivery.objects.filter(webhook=failing, status="dead").update(attempt_no=6)
    Lane.objects.filter(webhook=failing).update(
        breaker="open",
        breaker_until=now + timedelta(minutes=3),
        failing_since=now - timedelta(days=3),
        last_failure_at=now,
        last_success_at=now - timedelta(days=3, hours=2),
        dead_total=11,
    )
    Lane.objects.filter(webhook=healthy).update(last_success_at=now)
    Lane.objects.filter(webhook=off).update(dead_total=12)
    endpoints.disable(off.pk, reason=Webhook.DisabledReason.GONE)
    return waiting


def finish(healthy, now):
    Delivery.objects.filter(webhook=healthy).update(
        status="delivered", due_at=None, attempt_no=1, finished_at=now
    )
    for delivery in Delivery.objects.filter(webhook=healthy):
        attempt(
            delivery,
            1,
            "delivered",
            ago=timedelta(seconds=0),
            status_code=200,
            duration_ms=41,
            phases={"dns": 2, "connect": 6, "tls": 14, "wait": 18, "body": 1},
            peer="203.0.113.9",
            response='{"ok":true}',
        )


def stumble(waiting, now):
    """Three attempts of four kinds, and the next one to come."""
    Delivery.objects.filter(pk=waiting.pk).update(
        status="pending",
        created_at=now - timedelta(seconds=42),
        due_at=now + timedelta(minutes=5),
        attempt_no=4,
        failures=3,
        last_error="The receiver answered 503.",
    )
    facts = {"error": "The receiver answered 503.", "status_code": 503, "peer": "198.51.100.7"}
    answer = {"response_headers": {"server": "nginx", "content-type": "text/html"}}
    attempt(
        waiting,
        1,
        "failed",
        ago=timedelta(seconds=42),
        duration_ms=320,
        phases={"dns": 12.4, "connect": 31, "tls": 74, "wait": 198, "body": 3.1},
        response="<html><h1>503 Service Unavailable</h1></html>",
        **facts,
        **answer,
    )
    attempt(
        waiting,
        2,
        "unknown",
        ago=timedelta(seconds=41),
        error="The worker died during the attempt.",
    )
    attempt(
        waiting,
        3,
        "failed",
        ago=timedelta(seconds=36),
        duration_ms=1003,
        phases={"dns": 1, "connect": 30, "tls": 70},
        peer="198.51.100.7",
        error="There was no answer in time.",
    )
    attempt(
        waiting,
        4,
        "failed",
        ago=timedelta(seconds=5),
        duration_ms=212,
        phases={"wait": 207, "body": 4.2},
        response="<html><h1>503 Service Unavailable</h1></html>",
        **facts,
        **answer,
    )


@pytest.fixture(params=["light", "dark"])
def scheme(request, admin):
    """The page as a person with that colour scheme sees it."""
    admin.emulate_media(color_scheme=request.param)
    return request.param


def test_the_pages_of_webhooks_can_be_read_in_light_and_dark(traffic, admin, scheme, look):
    admin.set_viewport_size({"width": 1280, "height": 1150})  # the theme's footer covers the rest
    admin.goto("/admin/integrations/webhook/")
    look(f"webhooks-list-{scheme}")
    admin.goto(f"/admin/integrations/webhook/{traffic.webhook_id}/change/")
    look(f"webhooks-page-{scheme}")
    admin.goto(f"/admin/integrations/delivery/{traffic.pk}/change/")
    look(f"delivery-timeline-{scheme}")
    assert admin.locator(".fp-step").count() == 5
    assert admin.locator(".fp-bar").count() == 3
    admin.goto("/admin/integrations/deadletter/?dead_reason__exact=exhausted")
    look(f"dead-letters-{scheme}")
    admin.get_by_text("Send again everything that matches").click()
    admin.wait_for_load_state()
    look(f"dead-letters-confirm-{scheme}")
    assert "11 dead letters to 1 endpoint will be sent again" in admin.inner_text("body")


def test_a_button_of_an_endpoints_page_sends_a_test_without_saving(traffic, admin, look):
    page = f"/admin/integrations/webhook/{traffic.webhook_id}/change/"
    admin.goto(page)
    admin.fill("input[name=description]", "not to be saved")
    admin.get_by_role("button", name="Send test event").press("Enter")
    admin.wait_for_load_state()
    look("webhooks-tested")
    assert "a test message is on its way" in admin.inner_text("body")
    assert Delivery.objects.filter(event__type="webhook.test").count() == 1
    assert Webhook.objects.get(pk=traffic.webhook_id).description == "Legacy archive"


def test_the_lists_say_how_endpoints_and_deliveries_are_doing(traffic, admin, look):
    admin.goto("/admin/")
    look("webhooks-index")
    assert admin.get_by_text("Dead letters").first.is_visible()
    admin.goto("/admin/integrations/webhook/")
    look("webhooks-list")
    text = admin.inner_text("#result_list")
    assert "12 delivered" in text
    assert "healthy" in text.lower()
    assert "down" in text.lower()
    assert "breaker open" in text
    assert "disabled" in text.lower()
    assert "hush" not in text
    admin.goto("/admin/integrations/delivery/")
    look("webhooks-deliveries")
    admin.goto(f"/admin/integrations/delivery/{traffic.pk}/change/")
    look("webhooks-timeline")
    text = admin.inner_text("body")
    assert "unknown outcome" in text.lower()
    assert "There was no answer in time." in text


def test_dead_letters_are_sent_again_from_their_list(traffic, admin, look):
    before = Delivery.objects.filter(status="dead", webhook__status="enabled").count()
    admin.goto("/admin/integrations/deadletter/")
    look("webhooks-dead-letters")
    admin.check("#action-toggle")
    admin.select_option("select[name=action]", "send_again")
    admin.click("button[name=index]")
    admin.wait_for_load_state()
    look("webhooks-replayed")
    assert f"{before} of " in admin.inner_text("body")
    assert Delivery.objects.filter(status="dead", webhook__status="enabled").count() == 0
    assert Delivery.objects.filter(webhook__status="disabled").count() == 12


def test_a_new_endpoint_shows_its_secret_once(admin, look, survey):
    admin.goto("/admin/integrations/webhook/add/")
    look("webhooks-add")
    admin.fill("input[name=url]", "http://127.0.0.1/hook")
    admin.click("[name=_save]")
    admin.wait_for_load_state()
    look("webhooks-refused")
    assert "not on the public internet" in admin.inner_text("body")
    assert Webhook.objects.count() == 0
    admin.fill("input[name=url]", "https://hooks.example.com/in")
    admin.fill("input[name=form_id]", survey.id)
    admin.click("[name=_save]")
    admin.wait_for_load_state()
    look("webhooks-secret")
    secret = admin.inner_text("#secret")
    assert secret == Webhook.objects.get().secrets.get().reveal()
    admin.goto("/admin/integrations/webhook/")
    admin.click("#result_list a")
    admin.wait_for_load_state()
    look("webhooks-change")
    assert secret not in admin.content()
