"""Filters of endpoints: which responses they let through, and how each decision is told."""

import pytest

from formplatform.core import clock
from formplatform.core.errors import InvalidInputError
from formplatform.forms.catalog import create_form, update_form
from formplatform.forms.events import FormPublished, ResponseDeleted, ResponseSubmitted
from formplatform.forms.publishing import publish_form
from formplatform.forms.responses import delete_response, edit_response
from integrations.webhooks.filtering import filters
from integrations.webhooks.models import Delivery, Omission, Webhook
from tests.subscriptions import DEFINITION

URL = "https://hooks.example.com/in"
ADULT = {"field": "age", "op": "gte", "value": 18}
YES = {"field": "vote", "op": "eq", "value": "yes"}


def refusals(subscribe, **wanted):
    with pytest.raises(InvalidInputError) as refusal:
        subscribe(URL, **wanted)
    assert Webhook.objects.count() == 0
    return [(error.field, error.code) for error in refusal.value.errors]


def test_only_responses_that_match_are_sent_and_the_others_say_why(subscribe, submit):
    webhook, _ = subscribe(URL, filter={"all": [ADULT, YES]})
    wanted = submit(vote="yes", age=40)
    unwanted = submit(vote="yes", age=17)
    assert Delivery.objects.get().event.response_id == wanted.id
    omission = Omission.objects.get()
    assert (omission.webhook_id, omission.reason) == (webhook.pk, "filter")
    assert omission.event.response_id == unwanted.id
    assert omission.trace == {
        "matched": False,
        "reason": "not_matched",
        "clauses": {
            "op": "all",
            "result": False,
            "parts": [
                {
                    "field": "age",
                    "op": "gte",
                    "value": 18,
                    "answered": True,
                    "found": 17,
                    "masked": False,
                    "result": False,
                },
                {
                    "field": "choice_1",
                    "op": "eq",
                    "value": "yes",
                    "answered": True,
                    "found": "yes",
                    "masked": False,
                    "result": True,
                },
            ],
        },
    }


@pytest.mark.parametrize(
    ("condition", "answers", "sent"),
    [
        (ADULT, {"age": 18}, True),
        (ADULT, {"vote": "no"}, False),
        ({"field": "age", "op": "in", "value": [1, 2]}, {"age": 2}, True),
        ({"field": "vote", "op": "ne", "value": "yes"}, {"age": 2}, True),
        ({"field": "vote", "op": "eq", "value": "Yes"}, {"vote": "yes"}, True),
        ({"field": "vote", "op": "answered"}, {"age": 2}, False),
        ({"field": "vote", "op": "empty"}, {"age": 2}, True),
        ({"not": ADULT}, {"age": 17}, True),
        ({"any": [ADULT, YES]}, {"age": 1, "vote": "yes"}, True),
        ({"any": [ADULT, YES]}, {"age": 1, "vote": "no"}, False),
        ({"all": [{"any": [ADULT, YES]}, {"not": YES}]}, {"age": 30, "vote": "no"}, True),
    ],
)
def test_conditions_mean_what_they_mean_in_forms(subscribe, submit, condition, answers, sent):
    subscribe(URL, filter=condition)
    submit(**answers)
    assert (Delivery.objects.count(), Omission.objects.count()) == ((1, 0) if sent else (0, 1))


@pytest.mark.parametrize(
    ("condition", "errors"),
    [
        ({"field": "aeg", "op": "gte", "value": 18}, [("filter.field", "unknown_field")]),
        ({"field": "age", "op": "gte", "value": "18"}, [("filter.value", "wrong_type")]),
        ({"field": "age", "op": "contains", "value": 1}, [("filter.op", "invalid_op")]),
        ({"field": "vote", "op": "lt", "value": "yes"}, [("filter.op", "invalid_op")]),
        ({"field": "vote", "op": "eq", "value": "maybe"}, [("filter.value", "not_an_option")]),
        ({"field": "vote", "op": "in", "value": []}, [("filter.value", "wrong_type")]),
        ({"field": "name", "op": "eq", "value": "x"}, [("filter.field", "personal_data")]),
        (
            {"all": [ADULT, {"not": {"field": "vote", "op": "eq", "value": 3}}]},
            [("filter.all[1].not.value", "not_an_option")],
        ),
        ({"any": [ADULT, {"fild": "x"}]}, [("filter.any[1]", "invalid_condition")]),
        ({"all": []}, [("filter", "invalid_condition")]),
        ("age > 18", [("filter", "invalid_condition")]),
        ([ADULT], [("filter", "invalid_condition")]),
        ({"$where": "sleep(1000)"}, [("filter", "invalid_condition")]),
    ],
)
def test_a_filter_that_could_not_work_is_not_saved(subscribe, condition, errors):
    assert refusals(subscribe, filter=condition) == errors


def test_a_misspelt_field_is_told_from_what_it_could_be(subscribe):
    with pytest.raises(InvalidInputError) as refusal:
        subscribe(URL, filter={"field": "vot", "op": "eq", "value": "yes"})
    assert refusal.value.errors[0].message == "There is no such field. Did you mean 'vote'?"


def test_a_filter_needs_one_form(subscribe):
    assert refusals(subscribe, form_id="", filter=ADULT) == [("filter", "needs_a_form")]


def test_a_personal_field_can_be_asked_by_who_may_see_it_and_is_masked_in_the_trace(
    subscribe, submit
):
    condition = {"field": "name", "op": "contains", "value": "Love"}
    subscribe(URL, filter=condition, include_personal_data=True)
    submit(name="Ada Lovelace")
    submit(name="Grace Hopper")
    assert Delivery.objects.count() == 1
    (clause,) = (clause for _, clause in filters.clauses_of(Omission.objects.get().trace))
    assert (clause["masked"], clause["found"], clause["result"]) == (True, None, False)


def test_a_field_that_became_personal_is_no_longer_asked(subscribe, submit, survey, actor):
    subscribe(URL, filter=ADULT)
    draft = {"fields": [{**field} for field in survey.draft["fields"]]}
    draft["fields"][1]["pii"] = True
    publish_form(update_form(survey, definition=draft), actor=actor)
    submit(age=40)
    assert Delivery.objects.count() == 0
    trace = Omission.objects.get(reason="filter").trace
    assert (trace["reason"], trace["field"]) == ("personal_data", "age")


def test_a_field_that_is_gone_does_not_match_and_says_so(subscribe, survey, actor):
    webhook, _ = subscribe(URL, filter={"not": YES})
    draft = {"fields": [field for field in survey.draft["fields"] if field["id"] != "choice_1"]}
    publish_form(update_form(survey, definition=draft), actor=actor)
    event = ResponseSubmitted(
        id="evt_x", occurred_at="2026-01-09T12:00:00.000Z", form_id=survey.id,
        response_id="a" * 24, revision=1, version=2,
    )  # fmt: skip
    verdict = filters.judge(webhook.filter, event, answers={"age": 3}, personal_allowed=False)
    assert verdict.trace == {
        "matched": False,
        "reason": "unknown_field",
        "message": "Version 2 of the form has no such field.",
        "field": "choice_1",
    }


def test_a_deletion_is_judged_by_what_was_deleted(subscribe, submit, actor):
    subscribe(URL, events=["response.deleted"], filter=YES)
    kept, other = submit(vote="yes"), submit(vote="no")
    delete_response(kept, actor=actor)
    delete_response(other, actor=actor)
    assert Delivery.objects.get().event.response_id == kept.id
    assert Omission.objects.get(reason="filter").event.response_id == other.id


def test_a_change_is_judged_by_its_own_revision(subscribe, submit, actor):
    subscribe(URL, events=["response.updated"], filter=YES)
    edit_response(submit(vote="no"), {"vote": "yes"}, actor=actor)
    edit_response(submit(vote="yes"), {"vote": "no"}, actor=actor)
    assert Delivery.objects.count() == 1


def test_answers_that_are_gone_do_not_match():
    event = ResponseDeleted(
        id="evt_x", occurred_at=clock.to_text(clock.now()), form_id="f" * 24,
        response_id="a" * 24, revision=2, version=1,
    )  # fmt: skip
    verdict = filters.judge(ADULT, event, answers=None, personal_allowed=True)
    assert (verdict.matched, verdict.trace["reason"]) == (False, "gone")


def test_a_filter_leaves_what_is_no_response_alone(survey):
    event = FormPublished(id="evt_y", occurred_at="2026-01-09T12:00:00.000Z",
                          form_id=survey.id, version=1)  # fmt: skip
    assert filters.judge(ADULT, event, answers=None, personal_allowed=False).matched


def test_a_stored_filter_that_is_broken_stops_its_endpoint_only(subscribe, submit):
    webhook, _ = subscribe(URL, filter=ADULT)
    other, _ = subscribe(f"{URL}2")
    Webhook.objects.filter(pk=webhook.pk).update(filter={"field": 3})
    submit(age=40)
    assert Delivery.objects.get().webhook_id == other.pk
    assert Omission.objects.get(reason="filter").trace["reason"] == "invalid_filter"


def test_a_form_without_a_version_has_no_field_to_ask(subscribe, actor):
    draft = create_form(actor=actor, title="Draft", definition=DEFINITION)
    with pytest.raises(InvalidInputError) as refusal:
        subscribe(URL, form_id=draft.id, filter=ADULT)
    assert "Publish the form first" in refusal.value.errors[0].message
