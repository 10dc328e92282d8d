"""Kill -9 between any two steps: nothing is lost, nothing counts twice.

Everything happens on the stores of the run: SQLite, MongoDB and PostgreSQL, or PostgreSQL alone.
"""

import random
import signal
from datetime import timedelta

import pytest

from analytics.proving.verification import verify
from analytics.rebuild import rebuild
from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.connections import broker
from formplatform.core.errors import ConflictError, NotFoundError
from formplatform.forms import catalog, outbox, publishing, responses
from formplatform.forms.storage.base import ResponseQuery
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from integrations.webhooks import endpoints
from integrations.webhooks.models import Delivery
from integrations.webhooks.queue import doorbell
from tests.factories.forms import definition
from tests.fakes.forked_platform import Platform
from tests.fakes.message_queue import QUEUE, real_messages, redeliver, work_off

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

SUBMITTING = [
    "nothing is stored yet",
    "stored",
    "about to announce",
    "announced",
]
WORKING = [
    "a message is popped",
    "the eighth message is popped",
    "the twelfth message is popped",
    "a message is noted",
    "about to publish",
    "a receipt is open",
    "one of the messages is sent",
    "all messages are sent",
    "the sending is noted",
    "published",
    "about to count",
    "counted",
    "the old numbers are forgotten",
    "about to enqueue webhooks",
    "webhooks are enqueued",
    "the session is linked",
    "about to sign",
    "signed",
    "about to mark",
    "marked",
    "about to acknowledge",
    "acknowledged",
]
SWEEPING = ["about to publish", "one of the messages is sent", "published"]
EVENTS = ["response.submitted", "response.updated", "response.deleted"]


@pytest.fixture(scope="module")
def platform(django_db_setup):
    platform = Platform()
    yield platform
    platform.close()


@pytest.fixture
def platform_without_broker(django_db_setup, tmp_path):
    platform = Platform(CELERY_BROKER_URL=f"redis+socket://{tmp_path}/nobody?virtual_host=0")
    yield platform
    platform.close()


@pytest.fixture
def survey(form_store, settings, monkeypatch, django_user_model):
    """A published form with a webhook; its messages wait in the broker."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    user = django_user_model.objects.create_user("ada")
    actor = Actor(user_id=user.pk)
    with real_messages(settings):
        draft = catalog.create_form(actor=actor, title="Lunch", definition=definition())
        publishing.publish_form(draft, actor=actor)
        wanted = endpoints.EndpointForm(url="https://example.com/hook", events=EVENTS)
        endpoints.create_webhook(wanted, owner_id=user.pk, form_id=draft.id)
        work_off()
        yield get_store().find_form(draft.id)


def heal():
    """What time does: messages come back, the sweep passes, a worker works it off."""
    redeliver()
    work_off()
    for _ in range(3):
        outbox.dispatch_stale(before=now() + timedelta(seconds=1), anew=True)
        redeliver()
        work_off()


def check(form, *, stored):
    """Stored, counted, enqueued for the webhook and marked: each exactly once."""
    found = get_store().page_responses(ResponseQuery(form_id=form.id, limit=1000))
    assert len(found) == stored
    assert {each.dispatched_revision - each.revision for each in found} <= {0}
    proof = verify(form.id)
    assert (proof.stored, proof.counted, proof.days) == (stored, stored, ())
    sent = list(Delivery.objects.values_list("event", flat=True))
    assert sorted(sent) == sorted(f"evt_{each.id}_1" for each in found)
    for each in found:
        session = get_store().find_session(form.id, each.session_id)
        assert (session.response_id, session.dispatched_revision) == (each.id, session.revision)


@pytest.mark.parametrize("step", SUBMITTING)
def test_a_web_process_that_dies_while_it_submits(platform, survey, step):
    assert platform.run("submit", step=step, form_id=survey.id) == -signal.SIGKILL
    heal()
    check(survey, stored=0 if step == "nothing is stored yet" else 1)


def test_without_a_broker_submitting_goes_on_and_the_sweep_catches_up(
    platform_without_broker, survey
):
    for _ in range(3):
        assert platform_without_broker.run("submit", form_id=survey.id) == 0
    assert verify(survey.id).counted == 0
    heal()
    check(survey, stored=3)


@pytest.mark.parametrize("step", WORKING)
def test_a_worker_that_dies(platform, survey, step):
    for _ in range(3):
        assert platform.run("submit", form_id=survey.id) == 0
    assert platform.run("work", step=step) == -signal.SIGKILL
    heal()
    check(survey, stored=3)


@pytest.mark.parametrize("step", SWEEPING)
def test_a_sweep_that_dies(platform, survey, step):
    assert platform.run("submit", step="stored", form_id=survey.id) == -signal.SIGKILL
    assert platform.run("sweep", step=step) == -signal.SIGKILL
    heal()
    check(survey, stored=1)


def test_a_worker_that_lives_leaves_nothing_to_heal(platform, survey):
    for _ in range(3):
        assert platform.run("submit", form_id=survey.id) == 0
    assert platform.run("work") == 0
    assert outbox.dispatch_stale(before=now() + timedelta(seconds=1), anew=True) == 0
    check(survey, stored=3)


def test_workers_that_keep_dying_get_there(platform, survey):
    for _ in range(5):
        assert platform.run("submit", form_id=survey.id) == 0
    for step in random.Random(7).sample(WORKING, 8):
        platform.run("work", step=step)
        redeliver()
        outbox.dispatch_stale(before=now(), anew=True)
    heal()
    check(survey, stored=5)


@pytest.mark.parametrize("seed", range(5))
def test_edits_and_deletions_count_right_however_their_messages_arrive(survey, seed):
    """Lost, doubled, out of order: what is counted in the end is what is stored."""
    dice = random.Random(seed)
    actor = Actor(user_id=1)
    ids = []
    for _ in range(60):
        act = dice.random()
        if act < 0.5 or not ids:
            answers = {"age": dice.randrange(90), "vote": dice.choice(["yes", "no"])}
            ids.append(submit_response(survey, answers, actor=actor)[0].id)
        else:
            _change(survey, dice, dice.choice(ids), actor, delete=act > 0.85)
        if dice.random() < 0.3:
            _announce(dice, ids)
            _spoil_the_queue(dice)
            work_off(limit=dice.randrange(8))
    heal()

    assert verify(survey.id).is_exact
    counted = _numbers(survey.id)
    rebuild(survey.id)
    assert counted == _numbers(survey.id)
    newest = get_store().find_responses(ids)
    assert {each.dispatched_revision - each.revision for each in newest} == {0}
    expected = {f"evt_{each.id}_{n + 1}" for each in newest for n in range(each.revision)}
    sent = list(Delivery.objects.values_list("event", flat=True))
    assert len(sent) == len(set(sent))
    assert set(sent) == expected


def _change(form, dice, response_id, actor, *, delete):
    try:
        stored = responses.get_response(form.id, response_id)
        if delete:
            responses.delete_response(stored, actor=actor)
        else:
            responses.edit_response(stored, {"age": dice.randrange(90)}, actor=actor)
    except (ConflictError, NotFoundError):
        return


def _announce(dice, ids):
    """What the announcer's thread does by and by."""
    for response_id in dice.sample(ids, min(5, len(ids))):
        outbox.dispatch([response_id])


def _spoil_the_queue(dice):
    messages = broker().lrange(QUEUE, 0, -1)
    dice.shuffle(messages)
    kept = [message for message in messages if dice.random() > 0.3]
    doubled = [message for message in kept if dice.random() < 0.3]
    broker().delete(QUEUE)
    if kept:
        broker().lpush(QUEUE, *kept, *doubled)


def _numbers(form_id):
    from analytics import aggregator

    current = aggregator.current()
    fields = ("age", "vote")
    return (
        current.get_metrics(form_id)["total_responses"],
        [current.get_field_distribution(form_id, field) for field in fields],
        current.days(form_id),
    )
