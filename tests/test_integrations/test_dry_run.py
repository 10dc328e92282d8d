"""Dry runs: what settings would have sent of what happened, without anything being sent."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from formplatform.core import clock
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.errors import InvalidInputError
from formplatform.forms.access import Role, share_form
from integrations.webhooks import dry_run as dry_runs
from integrations.webhooks.dry_run import Reach, dry_run
from integrations.webhooks.endpoints import EndpointForm
from integrations.webhooks.models import Delivery, Event, Omission, Webhook

URL = "https://hooks.example.com/in"
ADULT = {"field": "age", "op": "gte", "value": 18}
EVENTS = ["response.submitted"]


def client_of(user):
    _, token = create_key(user, name="tests", scopes=SCOPES)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def api(owner):
    return client_of(owner)


@pytest.fixture
def reach(owner, survey):
    now = clock.now()
    day = timedelta(days=1)
    return Reach(owner_id=owner.pk, form_id=survey.id, since=now - day, until=now + day)


def settings(**wanted):
    return EndpointForm(**{"url": "", "events": EVENTS, **wanted})


def counted():
    return (Delivery.objects.count(), Omission.objects.count(), Event.objects.count())


def test_it_tells_what_would_have_been_sent_and_what_each_clause_came_to(
    subscribe, submit, reach, survey
):
    subscribe(URL)
    submit(vote="yes", age=40)
    submit(vote="no", age=30)
    submit(vote="yes", age=10)
    submit(vote="yes")
    before = counted()
    wanted = settings(
        filter={"all": [ADULT, {"field": "vote", "op": "eq", "value": "yes"}]},
        template='{"age": {{ answers.age }}}',
    )
    report = dry_run(wanted, reach)
    assert counted() == before
    assert (report.based_on, report.considered, report.sent, report.failed) == ("events", 4, 1, 0)
    assert report.is_complete
    assert report.not_sent == {"not_matched": 3}
    (sample,) = report.samples
    assert (sample["body"], sample["bytes"], sample["content_type"]) == (
        '{"age": 40}',
        11,
        "application/json",
    )
    clauses = {
        each.field: (each.true, each.false, each.unanswered) for each in report.clauses.values()
    }
    assert clauses == {"age": (2, 2, 1), "choice_1": (3, 1, 0)}
    assert list(report.clauses) == ["filter.all[0]", "filter.all[1]"]


def test_where_no_events_were_kept_it_takes_the_responses(submit, reach):
    submit(vote="yes", age=40)
    submit(vote="no", age=3)
    Event.objects.all().delete()
    report = dry_run(settings(filter=ADULT), reach)
    assert (report.based_on, report.considered, report.sent) == ("responses", 2, 1)


def test_what_fails_is_told_with_its_place(subscribe, submit, reach):
    subscribe(URL)
    submit(age=40)
    response = submit(age=18)
    wanted = settings(template='{"a": {{ 7 / (answers.age|default(1) - 18) }}}')
    report = dry_run(wanted, reach)
    assert (report.sent, report.failed) == (1, 1)
    (failure,) = report.failures
    assert failure["event_id"] == f"evt_{response.id}_1"
    assert (failure["reason"], failure["message"]) == ("template", "Line 1: A division by zero.")


def test_it_looks_at_the_newest_up_to_a_limit_and_says_that_there_was_more(
    subscribe, submit, reach
):
    subscribe(URL)
    ids = [submit(age=20 + number).id for number in range(5)]
    report = dry_run(settings(), reach, limit=2)
    assert (report.considered, report.is_complete) == (2, False)
    assert [each["event_id"] for each in report.samples] == [f"evt_{i}_1" for i in ids[:2:-1]]


def test_it_stops_when_its_time_is_used_up(subscribe, submit, reach, monkeypatch):
    subscribe(URL)
    submit()
    monkeypatch.setattr(dry_runs, "MOST_SECONDS", -1.0)
    report = dry_run(settings(), reach)
    assert (report.considered, report.is_complete) == (0, False)


def test_only_the_time_asked_about_is_looked_at(subscribe, submit, reach, owner, survey):
    subscribe(URL)
    submit()
    earlier = Reach(
        owner_id=owner.pk,
        form_id=survey.id,
        since=reach.since - timedelta(days=2),
        until=reach.since,
    )
    assert dry_run(settings(), earlier).considered == 0


def test_personal_answers_are_shown_as_the_endpoint_would_get_them(subscribe, submit, reach):
    subscribe(URL)
    submit(name="Lovelace")
    assert "Lovelace" not in str(dry_run(settings(), reach))
    assert "Lovelace" in str(dry_run(settings(include_personal_data=True), reach))
    with pytest.raises(InvalidInputError):
        dry_run(settings(filter={"field": "name", "op": "eq", "value": "Lovelace"}), reach)


def test_the_api_runs_settings_that_nobody_saved(api, survey, subscribe, submit):
    subscribe(URL)
    submit(vote="yes", age=40)
    body = {"form_id": survey.id, "events": EVENTS, "filter": ADULT, "preset": "slack"}
    answer = api.post("/api/v2/webhooks/dry-run/", body)
    assert answer.status_code == 200
    report = answer.json()
    assert (report["considered"], report["sent"], report["not_sent"]) == (1, 1, {})
    assert report["clauses"] == [
        {
            "place": "filter", "field": "age", "op": "gte", "value": 18,
            "true": 1, "false": 0, "unanswered": 0,
        }
    ]  # fmt: skip
    assert Webhook.objects.count() == 1


def test_the_api_tries_changes_on_an_endpoint_without_saving_them(api, subscribe, submit):
    webhook, _ = subscribe(URL, filter=ADULT)
    submit(age=40)
    submit(age=4)
    kept = api.post(f"/api/v2/webhooks/{webhook.pk}/dry-run/", {}).json()
    tried = api.post(f"/api/v2/webhooks/{webhook.pk}/dry-run/", {"filter": None}).json()
    assert ((kept["sent"], kept["not_sent"]), tried["sent"]) == ((1, {"not_matched": 1}), 2)
    webhook.refresh_from_db()
    assert webhook.filter == ADULT


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filter": {"field": "x", "op": "eq", "value": 1}}, "filter.field"),
        ({"template": "{{"}, "template"),
        ({"limit": 1_001}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"events": []}, "events"),
    ],
)
def test_what_could_not_be_saved_cannot_be_tried(api, subscribe, body, field):
    webhook, _ = subscribe(URL)
    answer = api.post(f"/api/v2/webhooks/{webhook.pk}/dry-run/", body)
    assert answer.status_code == 400
    assert [error["field"].partition("[")[0] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(("role", "status"), [(None, 404), (Role.VIEWER, 403), (Role.EDITOR, 200)])
def test_only_editors_of_the_form_may_try(
    survey, subscribe, submit, django_user_model, role, status
):
    webhook, _ = subscribe(URL)
    submit(vote="yes")
    user = django_user_model.objects.create_user("mia")
    if role:
        share_form(survey, user_id=user.pk, role=role)
    mia = client_of(user)
    body = {"form_id": survey.id, "events": EVENTS}
    assert mia.post("/api/v2/webhooks/dry-run/", body).status_code == status
    known = mia.post(f"/api/v2/webhooks/{webhook.pk}/dry-run/", {}).status_code
    assert known == (200 if status == 200 else 404)


def test_the_command_prints_the_same_report(subscribe, submit, capsys):
    webhook, _ = subscribe(URL, filter=ADULT)
    submit(age=40)
    submit(age=4)
    call_command("dry_run_webhook", webhook.pk, "--since", "2020-01-01T00:00:00Z")
    report = json.loads(capsys.readouterr().out)
    assert (report["considered"], report["sent"], report["not_sent"]) == (2, 1, {"not_matched": 1})
    with pytest.raises(CommandError):
        call_command("dry_run_webhook", "0" * 24)
    with pytest.raises(CommandError):
        call_command("dry_run_webhook", webhook.pk, "--since", "2020-01-01T00:00:00")
