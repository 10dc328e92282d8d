"""The key ring turns: every stored secret goes under its first key, and messages go on."""

import re
import threading
from datetime import timedelta

import pytest
import standardwebhooks
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection

from formplatform.core import clock
from integrations import encryption
from integrations.webhooks import endpoints, rotation
from integrations.webhooks.models import SigningSecret
from integrations.webhooks.tasks import deliver_due
from integrations.webhooks.tending.resealing import KeyUse, Resealed, key_uses, reseal
from tests.fakes.receiver import Receiver

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


@pytest.fixture
def ring(settings):
    """Sets the ring; it begins with the old key alone."""

    def ring(*keys):
        settings.WEBHOOK_ENCRYPTION_KEYS = keys

    ring(OLD)
    return ring


def names():
    """Of the keys that sealed what is stored."""
    return [encryption.key_name_of(each.sealed) for each in SigningSecret.objects.order_by("pk")]


def name_of(key):
    return encryption._name_of(key)


def stored():
    return list(SigningSecret.objects.order_by("pk").values())


@pytest.mark.usefixtures("loopback")
def test_after_a_run_the_old_key_is_needed_for_nothing(ring, subscribe, submit):
    with Receiver() as receiver:
        webhook, first = subscribe(receiver.url(), asymmetric=True)
        second = rotation.rotate_secret(webhook)
        before = [(each.reveal(), each.expires_at) for each in SigningSecret.objects.all()]
        ring(NEW, OLD)
        assert reseal(batch=2) == Resealed(resealed=3)
        ring(NEW)
        assert names() == [name_of(NEW)] * 3
        assert [(e.reveal(), e.expires_at) for e in SigningSecret.objects.all()] == before
        submit()
        deliver_due.delay()
    (request,) = receiver.received
    for secret in (first, second):
        standardwebhooks.Webhook(secret).verify(request.body, request.headers)


def test_a_second_run_finds_nothing_to_do(ring, subscribe):
    for _ in range(3):
        subscribe("https://example.com/")
    ring(NEW, OLD)
    reseal()
    before = stored()
    assert reseal() == Resealed(were_already=3)
    assert stored() == before


def test_a_run_that_was_cut_off_is_gone_on_with(ring, subscribe):
    for _ in range(5):
        subscribe("https://example.com/")
    ring(NEW, OLD)

    def cut(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(batch=2, progress=cut)
    assert names() == [name_of(NEW)] * 2 + [name_of(OLD)] * 3
    steps = []
    assert reseal(batch=2, progress=steps.append) == Resealed(resealed=3, were_already=2)
    assert (names(), steps) == ([name_of(NEW)] * 5, [2, 2, 1])


def test_a_dry_run_opens_everything_and_writes_nothing(ring, subscribe, capsys):
    webhook, _ = subscribe("https://example.com/")
    rotation.rotate_secret(webhook)
    ring(NEW, OLD)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        before = stored()
        call_command("rotate_webhook_keys", "--dry-run")
        assert stored() == before
    printed = capsys.readouterr().out
    assert "2 secrets would be sealed under the first key, 0 were already." in printed


def test_secrets_that_ended_are_deleted_instead(ring, subscribe):
    webhook, _ = subscribe("https://example.com/")
    second = rotation.rotate_secret(webhook)
    ring(NEW, OLD)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert reseal() == Resealed(resealed=1)
    assert SigningSecret.objects.get().reveal() == second


def test_what_was_rotated_between_reading_and_writing_stays_as_it_is(ring, subscribe):
    webhook, _ = subscribe("https://example.com/")
    (row,) = SigningSecret.objects.all()
    ring(NEW, OLD)
    resealed_by_another = encryption.seal(row.reveal(), context=webhook.pk)
    unseal = encryption.unseal

    def rotated_meanwhile(sealed, *, context):
        SigningSecret.objects.filter(sealed=sealed).update(sealed=resealed_by_another)
        return unseal(sealed, context=context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "unseal", rotated_meanwhile)
        assert reseal() == Resealed(changed_meanwhile=1)
    assert SigningSecret.objects.get().sealed == resealed_by_another


def test_a_secret_that_was_deleted_meanwhile_does_not_come_back(ring, subscribe):
    subscribe("https://example.com/")
    ring(NEW, OLD)
    unseal = encryption.unseal

    def deleted_meanwhile(sealed, *, context):
        SigningSecret.objects.filter(sealed=sealed).delete()
        return unseal(sealed, context=context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "unseal", deleted_meanwhile)
        assert reseal() == Resealed(changed_meanwhile=1)
    assert SigningSecret.objects.count() == 0


def test_headers_people_added_are_sealed_anew_with_the_keys(ring, subscribe):
    headers = {"Authorization": "Bearer hush"}
    webhook, _ = subscribe("https://example.com/", headers=headers)
    subscribe("https://example.com/")
    ring(NEW, OLD)
    assert [use.secrets for use in key_uses()] == [0, 3]
    assert reseal(batch=1) == Resealed(resealed=3)
    assert [use.secrets for use in key_uses()] == [3, 0]
    ring(NEW)
    webhook.refresh_from_db()
    assert webhook.headers() == headers
    assert reseal() == Resealed(were_already=3)


def test_a_deleted_endpoint_keeps_nothing_sealed(ring, subscribe):
    webhook, _ = subscribe("https://example.com/", headers={"X-Token": "hush"}, asymmetric=True)
    endpoints.delete_webhook(webhook)
    assert key_uses() == [KeyUse(name=name_of(OLD), place=1, secrets=0)]


@pytest.mark.django_db(transaction=True)
def test_two_runs_and_rotations_at_the_same_moment_leave_every_secret_readable(ring, subscribe):
    webhooks = [subscribe("https://example.com/")[0] for _ in range(30)]
    ring(NEW, OLD)
    results, shown, failures = [], {}, []

    def run(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)
        finally:
            connection.close()

    def rotate():
        for webhook in webhooks[::-1]:
            shown[webhook.pk] = rotation.rotate_secret(webhook)

    works = [lambda: results.append(reseal(batch=4))] * 2 + [rotate]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(result.resealed for result in results) == 30
    ring(NEW)
    for webhook in webhooks:
        newest, older = webhook.secrets.all()
        assert newest.reveal() == shown[webhook.pk] != older.reveal()
        assert (newest.expires_at is None, older.expires_at is None) == (True, False)


def test_what_does_not_open_is_named_and_the_rest_is_done(ring, subscribe, capsys):
    ring(OTHER)
    lost, secret = subscribe("https://example.com/")
    ring(NEW)
    damaged, _ = subscribe("https://example.com/")
    row = damaged.secrets.get()
    SigningSecret.objects.filter(pk=row.pk).update(sealed=row.sealed[:-8] + "AAAAAAAA")
    ring(OLD)
    good, _ = subscribe("https://example.com/")
    ring(NEW, OLD)
    before = stored()
    with pytest.raises(CommandError) as refusal:
        call_command("rotate_webhook_keys")
    assert stored()[:2] == before[:2]
    assert encryption.key_name_of(good.secrets.get().sealed) == name_of(NEW)
    message = str(refusal.value)
    assert message.startswith("2 secrets do not open: ")
    assert {lost.pk, damaged.pk} == set(re.findall("[0-9a-f]{24}", message))
    printed = capsys.readouterr().out
    assert f"key {name_of(OTHER)}, not in the ring: 1 secrets do not open" in printed
    assert secret.removeprefix("whsec_") not in message + printed


def test_a_key_may_be_dropped_when_it_seals_nothing(ring, subscribe, capsys):
    subscribe("https://example.com/")
    ring(NEW, OLD, OTHER)
    before = key_uses()
    assert before == [
        KeyUse(name=name_of(NEW), place=1, secrets=0),
        KeyUse(name=name_of(OLD), place=2, secrets=1),
        KeyUse(name=name_of(OTHER), place=3, secrets=0),
    ]
    assert [use.may_be_dropped for use in before] == [False, False, True]
    call_command("rotate_webhook_keys")
    assert [use.may_be_dropped for use in key_uses()] == [False, True, True]
    assert capsys.readouterr().out.splitlines() == [
        "1 secrets are sealed under the first key, 0 were already.",
        f"key 1 of the ring ({name_of(NEW)}): seals 1 secrets",
        f"key 2 of the ring ({name_of(OLD)}): seals 0 secrets; it may be dropped",
        f"key 3 of the ring ({name_of(OTHER)}): seals 0 secrets; it may be dropped",
    ]


def test_a_batch_holds_at_least_one_secret(ring, subscribe):
    subscribe("https://example.com/")
    before = stored()
    with pytest.raises(CommandError):
        call_command("rotate_webhook_keys", "--batch", "0")
    assert stored() == before
