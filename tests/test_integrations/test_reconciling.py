"""What endpoints should know of and do not: found by comparison, mended without doubles."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from formplatform.core import clock
from formplatform.forms.ids import new_id
from formplatform.forms.responses import edit_response
from integrations.webhooks.models import Delivery, Event, Omission
from integrations.webhooks.tasks import reconcile as mend_daily
from integrations.webhooks.tending.reconciling import reconcile

URL = "https://example.com/hook"


@pytest.fixture
def later():
    """By when what was just submitted is no longer on its way."""
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        yield


def command(*arguments):
    out = io.StringIO()
    try:
        call_command("reconcile_webhooks", *arguments, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def found_now(**options):
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        return reconcile(since=clock.now() - timedelta(days=1), **options)


def test_where_nothing_is_missing_nothing_is_found(subscribe, submit, actor):
    subscribe(URL, events=["response.submitted", "response.updated"])
    subscribe(URL, events=["form.published"])
    edit_response(submit(age=1), {"age": 2}, actor=actor)
    found = found_now()
    assert (found.compared, found.gaps, found.mended) == (4, [], 0)


def test_every_revision_that_has_neither_message_nor_reason_is_found_and_mended_once(
    subscribe, submit, survey, actor
):
    webhook, _ = subscribe(URL, events=["response.submitted", "response.updated"])
    of_all, _ = subscribe(URL, form_id="", events=["form.published"])
    response = edit_response(submit(age=1), {"age": 2}, actor=actor)
    submit()
    lost = f"evt_{response.id}_1"
    Event.objects.filter(pk=lost).delete()
    found = found_now()
    assert [(gap.webhook_id, gap.event_id) for gap in found.gaps] == [
        (webhook.pk, lost),
        (of_all.pk, lost),
    ]
    assert Delivery.objects.count() == 2, "looking changes nothing"
    assert found_now(mend=True).mended == 2
    again = Delivery.objects.get(event=lost)
    assert (again.seq, again.is_replay) == (4, True)
    assert json.loads(bytes(again.payload.body))["data"]["revision"] == 1
    assert Omission.objects.get(event=lost).webhook == of_all
    assert found_now(mend=True).gaps == []
    assert Delivery.objects.count() == 3


def test_what_is_older_than_an_endpoint_or_still_on_its_way_is_not_missing(subscribe, submit):
    submit()
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        subscribe(URL)
        submit()
        Event.objects.all().delete()
        assert reconcile(since=clock.now() - timedelta(days=1)).compared == 0
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        found = reconcile(since=clock.now() - timedelta(days=1))
    assert (found.compared, len(found.gaps)) == (1, 1)


def test_what_was_pruned_is_not_sent_a_second_time(subscribe, submit):
    subscribe(URL)
    submit()
    Event.objects.all().delete()
    with time_machine.travel(clock.now() + timedelta(days=31)):
        found = reconcile(since=clock.now() - timedelta(days=60), mend=True)
    assert (found.compared, found.mended) == (0, 0)
    assert Delivery.objects.count() == 0


def test_the_daily_task_mends(subscribe, submit):
    subscribe(URL)
    submit()
    Event.objects.all().delete()
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        mend_daily.delay()
    assert Delivery.objects.count() == 1


@pytest.mark.usefixtures("later")
def test_the_command_says_what_is_missing_and_whether(survey):
    assert command() == ("0 compared, 0 missing, 0 mended.\n", "")
    assert command(new_id())[1].startswith("There is no form")


def test_the_command_ends_badly_while_something_is_missing(subscribe, submit, survey):
    webhook, _ = subscribe(URL)
    response = submit()
    Event.objects.all().delete()
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        said, fault = command(survey.id)
        assert f"evt_{response.id}_1 of " in said
        assert "1 missing" in said
        assert "--mend" in fault
        printed, fault = command("--format", "json")
        assert json.loads(printed)["gaps"][0]["webhook_id"] == webhook.pk
        assert fault
        assert command("--mend") == (
            said.replace("0 mended", "1 mended"),
            "",
        )
        assert command() == ("1 compared, 0 missing, 0 mended.\n", "")
