"""The admin of webhooks, as a person sees and uses it."""

from datetime import timedelta

import pytest

from formplatform.core import clock
from integrations.webhooks import doorbell, endpoints
from integrations.webhooks.models import Attempt, Delivery, Webhook


def attempt(delivery, number, outcome, *, ago, **facts):
    started_at = clock.now() - ago
    Attempt.objects.create(
        delivery=delivery, number=number, outcome=outcome, started_at=started_at, **facts
    )


@pytest.fixture
def traffic(subscribe, submit, monkeypatch):
    """Endpoints in every state, a delivery that took three attempts, two dead letters."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    healthy, _ = subscribe("https://hooks.example.com/forms", description="CRM intake")
    failing, _ = subscribe("https://legacy.example.org/in?key=hush", description="Legacy archive")
    off, _ = subscribe("https://zapier.example/hooks/1", description="Old Zap")
    for _ in range(12):
        submit()
    now = clock.now()
    Delivery.objects.filter(webhook=healthy).update(
        status="delivered", due_at=None, attempt_no=1, finished_at=now
    )
    for delivery in Delivery.objects.filter(webhook=healthy):
        attempt(
            delivery,
            1,
            "delivered",
            ago=timedelta(minutes=2),
            status_code=200,
            duration_ms=41,
            peer="203.0.113.9",
            response='{"ok":true}',
        )
    waiting, gave_up, *rest = Delivery.objects.filter(webhook=failing)
    Delivery.objects.filter(pk=waiting.pk).update(
        status="pending",
        due_at=now + timedelta(minutes=5),
        attempt_no=3,
        failures=2,
        last_error="The receiver answered 503.",
    )
    facts = {"error": "The receiver answered 503.", "status_code": 503, "peer": "198.51.100.7"}
    attempt(waiting, 1, "failed", ago=timedelta(seconds=40), duration_ms=120, **facts)
    attempt(
        waiting,
        2,
        "unknown",
        ago=timedelta(seconds=38),
        error="The worker died during the attempt.",
    )
    attempt(
        waiting,
        3,
        "failed",
        ago=timedelta(seconds=5),
        duration_ms=10_003,
        error="There was no answer in time.",
    )
    for delivery in (gave_up, *rest):
        endpoints.dead_letters.bury(
            Delivery.objects.filter(pk=delivery.pk),
            reason=Delivery.DeadReason.EXHAUSTED,
            at=now,
            last_error="The receiver answered 503.",
        )
    endpoints.disable(off.pk, reason=Webhook.DisabledReason.GONE)
    return waiting


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
