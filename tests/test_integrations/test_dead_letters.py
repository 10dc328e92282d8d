"""Dead letters: found, sent again once, never before what is new."""

import io
import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from formplatform.core import clock
from formplatform.core.errors import ConflictError
from formplatform.forms.ids import new_id
from integrations.webhooks import endpoints
from integrations.webhooks.models import Attempt, Delivery, Payload, Webhook
from integrations.webhooks.queue import lanes
from integrations.webhooks.repeating import replays, rerendering
from integrations.webhooks.repeating.dead_letters import Selection, find_dead_letters
from integrations.webhooks.sending.claims import take
from integrations.webhooks.sending.jobs import Result
from integrations.webhooks.sending.outcomes import record
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver, Reply
from tests.mail_piles import pile_up

URL = "https://example.com/hook"
ME = uuid.uuid4()


def dead():
    return find_dead_letters(Selection())


def deliver_all(*, room=50):
    """Everything due arrives; the deliveries in the order in which they went."""
    went = []
    while runs := take(ME, room=room, in_flight={}):
        jobs = [job for run in runs for job in run.jobs]
        now = clock.now()
        record(
            [Result(job=job, started_at=now, at=now, delivered=True) for job in jobs],
            courier=ME,
            in_flight={},
        )
        went += [job.delivery_id for job in jobs]
    return went


def test_dead_letters_are_found_by_everything_that_is_known_of_them(subscribe):
    first, second = subscribe(URL)[0], subscribe(f"{URL}/2")[0]
    one, two, three = pile_up(first, 3)
    (four,) = pile_up(second, 1, dead_reason="gone", last_error="The receiver answered 410.")
    Delivery.objects.filter(pk=two).update(last_error="The host Name has no address.")
    for number, code in [(1, 500), (2, 404)]:
        now = clock.now()
        Attempt.objects.create(delivery_id=three, number=number, started_at=now, status_code=code)
    Delivery.objects.filter(pk=three).update(attempt_no=2)
    known = Delivery.objects.select_related("event").get(pk=one)

    def found(**wanted):
        return set(find_dead_letters(Selection(**wanted)).values_list("pk", flat=True))

    assert found() == {one, two, three, four}
    assert found(ids=[one, four]) == {one, four}
    assert found(webhook_id=first.pk) == {one, two, three}
    assert found(form_id=first.form_id) == {one, two, three, four}
    assert found(form_id=new_id()) == set()
    assert found(event_type="response.submitted", reason="gone") == {four}
    assert found(event_type="response.deleted") == set()
    assert found(response_id=known.event.response_id) == {one}
    assert found(error="NAME has") == {two}
    assert found(status_code=404) == {three}
    assert found(status_code=500) == set(), "only the last answer counts"
    since = Delivery.objects.get(pk=two).finished_at
    assert found(webhook_id=first.pk, since=since) == {two, three}
    assert found(webhook_id=first.pk, until=since) == {one}


def test_replaying_goes_on_past_a_batch_and_stops_at_the_limit(subscribe, monkeypatch):
    monkeypatch.setattr(replays, "BATCH", 2)
    ids = pile_up(subscribe(URL)[0], 7)
    told = []
    assert replays.replay(dead(), limit=3, progress=told.append) == 3
    assert told == [2, 1]
    assert [d.pk for d in Delivery.objects.filter(is_replay=True).order_by("seq")] == ids[:3]
    assert replays.replay(dead()) == 4
    assert dead().count() == 0


def test_what_dies_again_at_once_is_not_sent_a_second_time_by_the_same_replay(subscribe):
    pile_up(subscribe(URL)[0], 3)
    again = []

    def die_again(_):
        again.append(Delivery.objects.filter(is_replay=True).count())
        soon = clock.now() + timedelta(seconds=1)
        Delivery.objects.update(status="dead", due_at=None, finished_at=soon)

    assert replays.replay(dead(), progress=die_again) == 3
    assert again == [3]


def test_what_is_delivered_while_a_replay_runs_is_not_sent_again(subscribe, monkeypatch):
    """Somebody else is quicker, between the moment a batch is read and the moment it is locked."""
    pile_up(subscribe(URL)[0], 3)
    real, quicker = lanes.lock, []

    def lock(webhook_ids):
        if not quicker:
            quicker.append(True)
            monkeypatch.setattr(lanes, "lock", real)
            quicker.append(replays.replay(dead()))
            quicker.append(len(deliver_all()))
        return real(webhook_ids)

    monkeypatch.setattr(lanes, "lock", lock)
    assert replays.replay(dead()) == 0
    assert quicker == [True, 3, 3]
    assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}
    assert Attempt.objects.count() == 3


@pytest.mark.parametrize("ordering", Webhook.Ordering.values)
def test_five_thousand_replays_starve_no_new_message_of_this_endpoint_or_another(
    subscribe, submit, ordering
):
    endpoint, other = subscribe(URL)[0], subscribe(f"{URL}/2")[0]
    Webhook.objects.filter(pk=endpoint.pk).update(ordering=ordering)
    replayed = pile_up(endpoint, 5000)
    assert replays.replay(dead()) == 5000
    for _ in range(20):
        submit()
    new = set(Delivery.objects.filter(is_replay=False).values_list("pk", flat=True))
    assert len(new) == 40
    went, rounds = [], 0
    while new - set(went):
        rounds += 1
        now = clock.now()
        runs = take(ME, room=4, in_flight={})
        jobs = [job for run in runs for job in run.jobs]
        results = [Result(job=job, started_at=now, at=now, delivered=True) for job in jobs]
        record(results, courier=ME, in_flight={})
        went += [job.delivery_id for job in jobs]
    assert len(set(went) & set(replayed)) <= 60, "replays fill what is left, they do not go first"
    assert rounds <= 4
    assert other.deliveries.filter(status="delivered").count() == 20
    assert endpoint.deliveries.filter(status="pending").count() >= 4940


def test_a_dead_letter_without_a_message_is_made_anew(subscribe, submit):
    subscribe(URL)
    submit(age=36)
    body = bytes(Payload.objects.get().body)
    Delivery.objects.update(payload=None, status="dead", dead_reason="template", due_at=None)
    Delivery.objects.update(finished_at=clock.now())
    Payload.objects.all().delete()
    replays.redeliver(Delivery.objects.get())
    again = Delivery.objects.get()
    assert (again.status, again.dead_reason, bytes(again.payload.body)) == ("pending", "", body)


def test_what_still_cannot_be_made_stays_a_dead_letter_with_its_reason(
    subscribe, submit, monkeypatch
):
    subscribe(URL)
    submit()
    Delivery.objects.update(payload=None, status="dead", dead_reason="template", due_at=None)
    Delivery.objects.update(finished_at=clock.now())
    monkeypatch.setattr(rerendering, "render_again", lambda ids: None)
    with pytest.raises(ConflictError, match="message cannot be made"):
        replays.redeliver(Delivery.objects.get())
    assert (Delivery.objects.get().status, Delivery.objects.get().dead_reason) == (
        "dead",
        "template",
    )


@pytest.mark.usefixtures("loopback")
def test_the_command_takes_the_same_filters(subscribe, submit, settings):
    settings.WEBHOOK_MAX_RETRIES = 1
    with Receiver(Reply(500), Reply(404), Reply(404)) as receiver:
        subscribe(receiver.url())
        for _ in range(3):
            submit()
        deliver_due.delay()
    assert command("--status-code", "404", "--dry-run") == "2 dead letters match.\n"
    assert dead().count() == 3
    assert command("--error", "answered 500", "--reason", "exhausted") == (
        "1 dead letters are sent again.\n"
    )
    assert dead().count() == 2
    with pytest.raises(CommandError, match="add a time zone"):
        command("--since", "2026-01-09T00:00:00")
    with pytest.raises(CommandError, match="expected a time such as"):
        command("--until", "yesterday")
    assert dead().count() == 2


def command(*arguments):
    out = io.StringIO()
    call_command("replay_dead_letters", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_dead_letters_of_a_disabled_endpoint_stay(subscribe, submit):
    webhook, _ = subscribe(URL)
    pile_up(webhook, 2)
    endpoints.disable(webhook.pk, reason=Webhook.DisabledReason.BY_OWNER)
    assert replays.replay(dead()) == 0
    assert dead().count() == 2
