"""An endpoint's lane: order, rate, pause, breaker, fair shares, numbers without a gap."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import connection

from formplatform.core import clock
from formplatform.forms.owed import events_of_responses
from formplatform.forms.responses import edit_response
from integrations.webhooks import intake
from integrations.webhooks.courier import Courier
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Webhook
from integrations.webhooks.queue import breaker, doorbell, lanes
from integrations.webhooks.repeating import replays
from integrations.webhooks.sending import claims
from tests.fakes.receiver import OK, Receiver, Reply

START = datetime(2026, 1, 9, 12, tzinfo=UTC)
ME = uuid.uuid4()

pytestmark = pytest.mark.usefixtures("loopback", "silent_bell")


@pytest.fixture
def silent_bell(monkeypatch):
    """What is enqueued waits until the test has it delivered."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)


@pytest.fixture
def clock_at_start():
    with time_machine.travel(START, tick=False) as now:
        yield now


@pytest.fixture
def endpoint(subscribe):
    """Makes an endpoint with these settings."""

    def endpoint(url, *, events=("response.submitted",), **settings):
        webhook, _ = subscribe(url, events=events)
        Webhook.objects.filter(pk=webhook.pk).update(**settings)
        webhook.refresh_from_db()
        return webhook

    return endpoint


def deliver(hands=8):
    Courier(hands=hands).run_until_idle()


def events_of(responses):
    """Their events, once more."""
    return list(events_of_responses([replace(each, dispatched_revision=0) for each in responses]))


def seqs(receiver):
    return [int(request.headers["x-webhook-sequence"]) for request in receiver.received]


def states():
    return list(Delivery.objects.order_by("seq").values_list("status", flat=True))


def test_deliveries_are_numbered_without_a_gap_and_say_so(endpoint, submit):
    with Receiver() as receiver:
        webhook = endpoint(receiver.url())
        for _ in range(5):
            submit()
        deliver()
    assert sorted(seqs(receiver)) == [1, 2, 3, 4, 5]
    assert Lane.objects.get(webhook=webhook).next_seq == 6
    assert Lane.objects.get().delivered_total == 5


def test_an_event_that_comes_twice_uses_no_second_number(endpoint, submit):
    endpoint("https://example.com/hook")
    events = events_of([submit()])
    submit()
    assert len(events) == 1
    intake.enqueue_deliveries(events)
    intake.enqueue_deliveries(events * 2)
    assert list(Delivery.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_enqueue_at_once_each_number_is_given_once(endpoint, submit):
    first, second = endpoint("https://example.com/a"), endpoint("https://example.com/b")
    responses = [submit() for _ in range(24)]
    Delivery.objects.all().delete()
    Lane.objects.update(next_seq=1)
    events = events_of(responses)
    gate = threading.Barrier(6)

    def enqueue(start):
        try:
            gate.wait(60)
            for offset in range(0, 24, 4):  # every event is enqueued by every thread
                place = (start + offset) % 24
                intake.enqueue_deliveries(events[place : place + 4])
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(list(pool.map(enqueue, range(0, 24, 4)))) == 6
    for webhook in (first, second):
        numbers = webhook.deliveries.order_by("seq").values_list("seq", flat=True)
        assert list(numbers) == list(range(1, 25))
        assert webhook.deliveries.values("event").distinct().count() == 24


def test_strictly_in_order_a_message_that_fails_holds_up_those_behind_it(
    endpoint, submit, clock_at_start
):
    with Receiver(OK, Reply(500), OK) as receiver:
        endpoint(receiver.url(), ordering="endpoint")
        for _ in range(4):
            submit()
        deliver()
        assert seqs(receiver) == [1, 2]
        assert states() == ["delivered", "pending", "pending", "pending"]
        clock_at_start.shift(1)
        deliver()
    assert seqs(receiver) == [1, 2, 2, 3, 4]
    attempts = Attempt.objects.order_by("pk").values_list("delivery__seq", "number")
    assert sorted(attempts) == [(1, 1), (2, 1), (2, 2), (3, 1), (4, 1)], "no attempt was made up"


def test_strictly_in_order_a_dead_letter_lets_the_next_one_through(
    endpoint, submit, clock_at_start, settings
):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(Reply(400), OK) as receiver:
        endpoint(receiver.url(), ordering="endpoint")
        submit()
        submit()
        deliver()
        deliver()
    assert seqs(receiver) == [1, 2]
    assert states() == ["dead", "delivered"]


def test_strictly_in_order_one_connection_carries_the_messages_one_by_one(endpoint, submit):
    flying, most = [], []

    def watch(request):
        flying.append(1)
        most.append(len(flying))
        flying.pop()

    with Receiver(Reply(wait_seconds=0.01)) as receiver:
        receiver.on_request = watch
        endpoint(receiver.url(), ordering="endpoint")
        for _ in range(25):
            submit()
        deliver()
    assert seqs(receiver) == list(range(1, 26))
    assert max(most) == 1
    assert len({request.connection for request in receiver.received}) == 1


def test_in_order_per_response_other_responses_overtake(endpoint, submit, actor, clock_at_start):
    events = ("response.submitted", "response.updated")
    with Receiver(Reply(500), OK) as receiver:
        endpoint(receiver.url(), ordering="key", events=events)
        first = submit()
        edit_response(first, {"vote": "no"}, actor=actor)
        other = submit()
        deliver(hands=1)
        assert receiver.ids() == [f"evt_{first.id}_1", f"evt_{other.id}_1"]
        clock_at_start.shift(1)
        deliver()
    assert receiver.ids()[2:] == [f"evt_{first.id}_1", f"evt_{first.id}_2"]


def test_without_an_order_others_overtake_a_message_that_fails(endpoint, submit, clock_at_start):
    with Receiver(Reply(400), OK) as receiver:
        endpoint(receiver.url())
        for _ in range(4):
            submit()
        deliver(hands=1)
    assert len(receiver.received) == 4
    assert sorted(states()) == ["delivered"] * 3 + ["pending"]


def test_a_rate_is_kept_and_costs_no_attempt(endpoint, submit, clock_at_start):
    with Receiver() as receiver:
        endpoint(receiver.url(), rate_per_minute=30)
        for _ in range(4):
            submit()
        counts = []
        for _ in range(8):
            deliver()
            counts.append(len(receiver.received))
            clock_at_start.shift(1)
    assert counts == [1, 1, 2, 2, 3, 3, 4, 4]
    assert {d.attempt_no for d in Delivery.objects.all()} == {1}


def test_a_lane_wakes_when_its_next_token_comes(endpoint, submit, clock_at_start):
    with Receiver() as receiver:
        endpoint(receiver.url(), rate_per_minute=6)
        submit()
        submit()
        deliver()
    assert lanes.next_due_at() == START + timedelta(seconds=10)


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_that_names_a_time_is_left_alone_until_then(
    endpoint, submit, clock_at_start, status
):
    with Receiver(Reply(status, headers={"Retry-After": "40"}), OK) as receiver:
        endpoint(receiver.url())
        submit()
        deliver()
        submit()
        clock_at_start.shift(39)
        deliver()
        assert len(receiver.received) == 1, "also messages that never failed wait"
        clock_at_start.shift(1)
        deliver()
    assert len(receiver.received) == 3
    assert set(states()) == {"delivered"}


def test_ten_failures_in_a_row_open_the_breaker_and_waiting_costs_no_attempt(
    endpoint, submit, clock_at_start
):
    with Receiver(Reply(500)) as receiver:
        endpoint(receiver.url())
        for _ in range(30):
            submit()
        deliver()
        lane = Lane.objects.get()
        assert lane.breaker == "open"
        assert lane.breaker_until == START + breaker.SHORTEST_OPEN
        called = len(receiver.received)
        assert breaker.TRIP_AFTER <= called < breaker.TRIP_AFTER + breaker.MOST_IN_FLIGHT
        untouched = Delivery.objects.filter(attempt_no=0).count()
        assert untouched == 30 - called

        clock_at_start.shift(4.9)
        deliver()
        assert len(receiver.received) == called, "open"

        clock_at_start.shift(0.1)
        deliver()
        assert len(receiver.received) == called + 1, "one probe"
        assert Lane.objects.get().breaker_until == clock.now() + 2 * breaker.SHORTEST_OPEN

        receiver.replies[:] = [OK]
        clock_at_start.shift(10)
        deliver()
        lane = Lane.objects.get()
        assert (lane.breaker, lane.failures_in_row, lane.failing_since) == ("closed", 0, None)
        clock_at_start.shift(3600)
        deliver()
    assert set(states()) == {"delivered"}


def test_a_probe_whose_worker_dies_is_followed_by_another(endpoint, submit, clock_at_start):
    with Receiver() as receiver:
        endpoint(receiver.url())
        submit()
        Lane.objects.update(breaker="open", breaker_until=START)
        assert len(claims.take(ME, room=1, in_flight={})) == 1  # and die
        assert Lane.objects.get().breaker == "half_open"
        clock_at_start.shift(3600)
        deliver()
    assert states() == ["delivered"]
    assert Lane.objects.get().breaker == "closed"


def test_what_is_wrong_with_one_message_does_not_open_the_breaker(endpoint, submit, clock_at_start):
    with Receiver(Reply(400)) as receiver:
        endpoint(receiver.url())
        for _ in range(30):
            submit()
        deliver()
    assert len(receiver.received) == 30
    assert (Lane.objects.get().breaker, Lane.objects.get().failures_in_row) == ("closed", 0)


def test_an_owner_with_many_endpoints_leaves_the_others_their_share(
    endpoint, submit, owner, clock_at_start
):
    for number in range(12):
        endpoint(f"https://example.com/{number}")
    guest = get_user_model().objects.create_user("guest")
    submit()
    clock_at_start.shift(1)
    last = endpoint("https://example.com/guest")
    submit()
    Lane.objects.filter(webhook=last).update(owner_id=guest.pk)
    runs = claims.take(ME, room=2, in_flight={})
    assert last.pk in {run.webhook_id for run in runs}, "its turn comes with the first"


def test_a_lane_is_one_couriers_and_goes_back_when_nothing_is_in_flight(endpoint, submit):
    endpoint("https://example.com/hook")
    for _ in range(3):
        submit()
    taken = claims.take(ME, room=1, in_flight={})
    assert len(taken) == 1
    assert claims.take(uuid.uuid4(), room=8, in_flight={}) == []
    assert Lane.objects.get().lease == ME


def test_replayed_messages_do_not_hold_up_new_ones(endpoint, submit, clock_at_start):
    with Receiver(Reply(400), OK) as receiver:
        webhook = endpoint(receiver.url(), retry_delays=[0])
        receiver.replies[:] = [Reply(400)]
        for _ in range(60):
            submit()
        deliver()
        assert Lane.objects.get().dead_total == 60
        receiver.replies[:] = [OK]
        receiver.received.clear()
        assert replays.replay(webhook.deliveries.all()) == 60
        fresh = [submit() for _ in range(5)]
        deliver(hands=1)
    places = [receiver.ids().index(f"evt_{response.id}_1") for response in fresh]
    assert max(places) < 20
    assert set(states()) == {"delivered"}


def test_an_endpoint_may_have_a_schedule_of_its_own(endpoint, submit, clock_at_start):
    with Receiver(Reply(500)) as receiver:
        endpoint(receiver.url(), retry_delays=[0, 2])
        submit()
        deliver()
        clock_at_start.shift(2)
        deliver()
        clock_at_start.shift(3600)
        deliver()
    assert len(receiver.received) == 2
    assert states() == ["dead"]


def test_the_sweeper_wakes_what_was_left_asleep(endpoint, submit, clock_at_start):
    with Receiver() as receiver:
        endpoint(receiver.url())
        submit()
        submit()
        Lane.objects.update(due_at=None)
        Delivery.objects.filter(seq=1).update(status="sending", attempt_no=1)
        deliver()
        assert receiver.received == []
        assert lanes.sweep() > 0
        deliver()
        assert lanes.sweep() == 0
    assert states() == ["delivered", "delivered"]


def test_a_slow_receiver_gives_its_hands_back(endpoint, submit):
    with Receiver(Reply(wait_seconds=6)) as slow, Receiver() as quick:
        for _ in range(4):
            endpoint(slow.url())
        endpoint(quick.url())
        submit()
        deliver(hands=2)
    assert len(slow.received) == 4
    assert quick.received[0].at - min(request.at for request in slow.received) < 6
