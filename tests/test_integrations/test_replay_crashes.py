"""Replays that are killed half way or compete: nothing is sent twice, nothing forgotten."""

import signal

import pytest

from integrations.webhooks import endpoints
from integrations.webhooks.models import Attempt, Delivery, Omission, Webhook
from tests.fakes.receiver import Receiver
from tests.mail_piles import pile_up
from tests.test_integrations.test_crashes import deliver, silent_bell, worker  # noqa: F401

pytestmark = [
    pytest.mark.usefixtures("loopback", "silent_bell"),
    pytest.mark.django_db(transaction=True),
]


def test_a_replay_that_is_killed_half_way_goes_on_where_it_stopped(subscribe):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        pile_up(webhook, 7)
        with worker("replay", "3") as process:
            assert process.wait(60) == -signal.SIGKILL
        assert Delivery.objects.filter(status="pending", is_replay=True).count() == 4
        assert Delivery.objects.filter(status="dead").count() == 3
        deliver()
        assert len(receiver.received) == 4
        with worker("replay") as process:
            assert process.communicate(timeout=60)[0] == "3\n"
        deliver()
    assert len(receiver.received) == len(set(receiver.ids())) == 7
    assert Attempt.objects.count() == 7
    assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}


def test_replays_that_compete_send_every_dead_letter_once(subscribe):
    for place in range(4):
        pile_up(subscribe(f"https://example.com/{place}")[0], 30)
    workers = [worker("replay") for _ in range(3)]
    counts = [int(process.communicate(timeout=120)[0]) for process in workers]
    assert [process.returncode for process in workers] == [0, 0, 0]
    assert sum(counts) == 120
    assert Delivery.objects.filter(status="pending", is_replay=True).count() == 120


def test_sending_what_was_missed_goes_on_after_a_kill_and_makes_nothing_twice(subscribe, submit):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
        for _ in range(7):
            submit()
        with worker("missed", webhook.pk, "3") as process:
            assert process.wait(60) == -signal.SIGKILL
        assert (Delivery.objects.count(), Omission.objects.count()) == (4, 3)
        workers = [worker("missed", webhook.pk) for _ in range(2)]
        counts = [int(process.communicate(timeout=60)[0]) for process in workers]
        assert sum(counts) == 3
        assert sorted(Delivery.objects.values_list("seq", flat=True)) == [1, 2, 3, 4, 5, 6, 7]
        deliver()
    assert len(receiver.received) == len(set(receiver.ids())) == 7
    assert Omission.objects.count() == 0
