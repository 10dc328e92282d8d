"""Workers that die, workers that compete, receivers that hang."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import OperationalError, connection

from formplatform.core import clock
from integrations.webhooks import courier, delivery
from integrations.webhooks.courier import Background, Courier
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue import breaker, doorbell
from integrations.webhooks.sending import claims, outcomes
from integrations.webhooks.sending.jobs import Result
from tests.fakes.receiver import OK, Receiver, Reply
from tests.fakes.webhook_worker import STEPS

pytestmark = [
    pytest.mark.usefixtures("loopback", "silent_bell"),
    pytest.mark.django_db(transaction=True),
]

ROOT = Path(__file__).parents[2]
FIRST, SECOND = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def silent_bell(monkeypatch):
    """What is enqueued waits until the test has it delivered."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)


@pytest.fixture
def background():
    made = Background()
    yield made
    made.stop(patience_seconds=10)


def worker(*arguments):
    """A process of its own on this test's database."""
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{place['NAME']}"
    else:
        login = f"{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT'] or 5432}"
        url = f"postgres://{login}/{place['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.webhook_worker", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"},
        stdout=subprocess.PIPE,
        text=True,
    )


def after_the_lease():
    return time_machine.travel(clock.now() + timedelta(minutes=2))


def take(courier_id):
    ((job,),) = [run.jobs for run in claims.take(courier_id, room=1, in_flight={})]
    return job


def result(job, **facts):
    return Result(job=job, started_at=clock.now(), at=clock.now(), **facts)


def record(courier_id, *results):
    outcomes.record(results, courier=courier_id, in_flight={})


def deliver():
    Courier(hands=8).run_until_idle()


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_leaves_the_fact_and_the_message_is_sent_again(subscribe, submit, step):
    with Receiver() as receiver:
        subscribe(receiver.url())
        response = submit()
        with worker("crash", step) as process:
            assert process.wait(60) == -signal.SIGKILL
        called = len(receiver.received)
        assert called == (0 if step == "before the call" else 1)
        left = Delivery.objects.get()
        assert (left.status, left.attempt_no) == ("sending", 1)
        assert [a.outcome for a in Attempt.objects.all()] == ["sending"]

        deliver()
        assert len(receiver.received) == called, "the lease still holds"
        with after_the_lease():
            deliver()
    assert receiver.ids() == [f"evt_{response.id}_1"] * (called + 1)
    ended = Delivery.objects.get()
    assert (ended.status, ended.attempt_no, ended.failures) == ("delivered", 2, 0)
    attempts = list(Attempt.objects.all())
    assert [(a.number, a.outcome) for a in attempts] == [(1, "unknown"), (2, "delivered")]
    assert attempts[0].error == "The worker died during the attempt."


def test_a_worker_killed_while_the_receiver_is_busy_sends_the_same_id_again(subscribe, submit):
    with Receiver(Reply(wait_seconds=20), OK) as receiver:
        subscribe(receiver.url())
        response = submit()
        with worker("deliver") as process:
            receiver.wait_for(1, seconds=60)
            process.kill()
        with after_the_lease():
            deliver()
    assert receiver.ids() == [f"evt_{response.id}_1"] * 2
    assert [a.outcome for a in Attempt.objects.all()] == ["unknown", "delivered"]


def test_a_message_that_keeps_killing_its_workers_is_given_up(subscribe, submit):
    with Receiver() as receiver, time_machine.travel(clock.now(), tick=False) as now:
        subscribe(receiver.url())
        submit()
        while Delivery.objects.get().due_at is not None:
            claims.take(uuid.uuid4(), room=1, in_flight={})  # and die
            now.shift(3600)
    ended = Delivery.objects.get()
    assert (ended.status, ended.dead_reason) == ("dead", "lost")
    assert ended.attempt_no == claims.MOST_LOST_ATTEMPTS + 1
    assert {a.outcome for a in Attempt.objects.all()} == {"unknown"}
    assert receiver.received == []


def test_a_worker_that_comes_back_after_its_lease_does_not_spoil_the_other_ones_work(
    subscribe, submit
):
    with Receiver() as receiver:
        subscribe(receiver.url())
        submit()
        late = take(FIRST)
        with after_the_lease():
            other = take(SECOND)
            record(FIRST, result(late, error="late"))
            still, lane = Delivery.objects.get(), Lane.objects.get()
            assert (still.status, still.failures, still.attempt_no) == ("sending", 0, 2)
            assert lane.lease == SECOND
            record(SECOND, delivery.send(other))
    assert Delivery.objects.get().status == "delivered"
    assert [a.outcome for a in Attempt.objects.all()] == ["failed", "delivered"]


def test_a_courier_takes_again_what_it_took_without_hearing_that_it_did(subscribe, submit):
    subscribe("https://example.com/hook")
    for _ in range(claims.RUN_LENGTH + 1):
        submit()
    (lost,) = claims.take(FIRST, room=1, in_flight={})  # and the answer to COMMIT is lost
    (again,) = claims.take(FIRST, room=1, in_flight={})
    unknown = Attempt.objects.filter(outcome="unknown").values_list("delivery", flat=True)
    assert set(unknown) == {job.delivery_id for job in lost.jobs}
    sending = Delivery.objects.filter(status="sending").values_list("pk", flat=True)
    assert set(sending) == {job.delivery_id for job in again.jobs}
    assert claims.take(SECOND, room=1, in_flight={}) == []


def test_a_late_success_counts_and_ends_the_retries(subscribe, submit):
    with Receiver(Reply(500)) as receiver:
        subscribe(receiver.url())
        submit()
        late = take(FIRST)
        with after_the_lease():
            deliver()
            record(FIRST, result(late, delivered=True))
    ended = Delivery.objects.get()
    assert (ended.status, ended.due_at) == ("delivered", None)


def test_workers_that_compete_never_take_the_same_delivery(subscribe, submit):
    for _ in range(10):
        subscribe("https://example.com/hook")
    for _ in range(20):
        submit()
    workers = [worker("claim") for _ in range(3)]
    taken = [line for process in workers for line in process.communicate(timeout=120)[0].split()]
    assert [process.returncode for process in workers] == [0, 0, 0]
    assert len(taken) == len(set(taken)) == 200
    assert Attempt.objects.count() == 200
    assert not Delivery.objects.exclude(status="delivered").exists()


def test_an_endpoint_that_hangs_does_not_hold_up_another(subscribe, submit, settings, background):
    settings.WEBHOOK_TIMEOUT = 5
    with Receiver(Reply(wait_seconds=20)) as hanging, Receiver() as healthy:
        subscribe(hanging.url())
        subscribe(healthy.url())
        for _ in range(30):
            submit()
        rung_at = time.time()
        background.ring()
        healthy.wait_for(30)
        background.stop(patience_seconds=20)
    assert max(request.at for request in healthy.received) - rung_at < settings.WEBHOOK_TIMEOUT
    assert len(hanging.received) <= 2 * breaker.MOST_IN_FLIGHT
    assert Delivery.objects.filter(status="delivered").count() == 30


def test_the_bell_has_it_delivered_at_once_and_the_short_waits_need_no_bell(
    subscribe, submit, background
):
    with Receiver(Reply(500), OK) as receiver:
        subscribe(receiver.url())
        submit()
        rung_at = time.time()
        background.ring()
        receiver.wait_for(2)
        first, second = (request.at for request in receiver.received)
        assert first - rung_at < 5
        assert 1 <= second - first < 5
        submit()
        rung_at = time.time()
        background.ring()
        receiver.wait_for(3)
        assert receiver.received[2].at - rung_at < 5


def test_the_command_sees_what_was_enqueued_while_it_had_nothing_to_do(subscribe, submit):
    idle = Courier(hands=2)
    thread = threading.Thread(target=_run_and_close, args=[idle])
    thread.start()
    try:
        with Receiver() as receiver:
            subscribe(receiver.url())
            time.sleep(1)  # it has looked, and waits
            submit()
            submitted_at = time.time()
            receiver.wait_for(1)
            assert receiver.received[0].at - submitted_at < 10
    finally:
        idle.stop()
        thread.join(60)


def _run_and_close(courier):
    courier.run(stay_for_ever=True)
    connection.close()


def test_outside_of_tests_the_task_rings_and_returns_while_the_courier_delivers(subscribe, submit):
    with Receiver(Reply(wait_seconds=4)) as receiver:
        subscribe(receiver.url())
        submit()
        started = time.monotonic()
        courier.ring(in_place=False)
        assert time.monotonic() - started < 4
        receiver.wait_for(1)
        courier.stop()
    assert Delivery.objects.get().status == "delivered"


def test_stopping_lets_the_call_in_flight_end_and_be_written_down(subscribe, submit, background):
    with Receiver(Reply(wait_seconds=0.7)) as receiver:
        subscribe(receiver.url())
        submit()
        background.ring()
        receiver.wait_for(1)
        background.stop(patience_seconds=20)
        assert Delivery.objects.get().status == "delivered"


def test_a_database_that_fails_for_a_moment_loses_no_result(
    subscribe, submit, background, monkeypatch
):
    faults = [OperationalError("gone"), OperationalError("gone")]
    real = outcomes.record

    def record(*arguments, **options):
        if faults:
            raise faults.pop()
        real(*arguments, **options)

    monkeypatch.setattr(outcomes, "record", record)
    with Receiver() as receiver:
        subscribe(receiver.url())
        submit()
        background.ring()
        deadline = time.monotonic() + 10
        while Delivery.objects.get().status != "delivered" and time.monotonic() < deadline:
            time.sleep(0.05)
    assert [a.outcome for a in Attempt.objects.all()] == ["delivered"]
    assert len(receiver.received) == 1


def test_a_courier_that_broke_down_is_followed_by_another_at_the_next_ring(
    subscribe, submit, background, monkeypatch, caplog
):
    def fail(*_arguments, **_options):
        raise RuntimeError("a mistake of ours")

    with Receiver() as receiver:
        subscribe(receiver.url())
        submit()
        with monkeypatch.context() as broken:
            broken.setattr(claims, "take", fail)
            background.ring()
            background._thread.join(60)
        assert "a mistake of ours" in caplog.text
        background.ring()
        receiver.wait_for(1)


def test_a_fault_of_ours_costs_its_own_message_an_attempt_and_no_other_one(
    subscribe, submit, monkeypatch
):
    real = delivery.send
    bad = []

    def send(job):
        if job.event_id == f"evt_{bad[0].id}_1":
            raise RuntimeError("a bug")
        return real(job)

    monkeypatch.setattr(delivery, "send", send)
    with Receiver() as receiver:
        subscribe(receiver.url())
        bad.append(submit())
        good = submit()
        deliver()
    assert receiver.ids() == [f"evt_{good.id}_1"]
    states = dict(Delivery.objects.values_list("event_id", "status"))
    assert states == {f"evt_{bad[0].id}_1": "pending", f"evt_{good.id}_1": "delivered"}
    assert Attempt.objects.get(delivery__event=f"evt_{bad[0].id}_1").error_code == "internal"


def test_what_was_given_up_before_its_turn_came_leaves_no_open_attempt(subscribe, submit):
    subscribe("https://example.com/hook")
    submit()
    job = take(FIRST)
    Delivery.objects.update(status="dead", dead_reason="disabled", due_at=None)
    record(FIRST, result(job, was_sent=False))
    assert Delivery.objects.get().status == "dead"
    assert not Attempt.objects.exists()


def test_what_is_in_flight_when_its_endpoint_is_switched_off_is_given_up_with_its_attempt_closed(
    subscribe, submit
):
    webhook, _ = subscribe("https://example.com/hook")
    for _ in range(2):
        submit()
    claims.take(FIRST, room=1, in_flight={})  # and die
    Webhook.objects.filter(pk=webhook.pk).update(status="disabled")
    assert claims.take(SECOND, room=1, in_flight={}) == []
    with after_the_lease():
        assert claims.take(SECOND, room=1, in_flight={}) == []
    ended = list(Delivery.objects.values_list("status", "dead_reason"))
    assert ended == [("dead", "disabled")] * 2
    assert [a.outcome for a in Attempt.objects.all()] == ["unknown"] * 2
