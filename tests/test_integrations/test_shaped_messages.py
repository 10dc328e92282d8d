"""Selections, templates, presets and headers, from saving them to what arrives."""

import json

import pytest
import standardwebhooks
from django.db import connection

from formplatform.core.errors import ConflictError, InvalidInputError
from integrations.webhooks import endpoints
from integrations.webhooks.endpoints import form_of
from integrations.webhooks.lane_models import Lane
from integrations.webhooks.models import Attempt, Delivery, Payload, Webhook
from integrations.webhooks.repeating import replays
from integrations.webhooks.shaping.presets.registry import presets
from integrations.webhooks.tasks import deliver_due
from tests.fakes.receiver import Receiver, Reply

pytestmark = pytest.mark.usefixtures("loopback")
URL = "https://hooks.example.com/in"
BROKEN = '{"age": {{ answers.age + 1 }}}'
"""Fails where nobody answered the age; saved by other ways than the door, as an old row may be."""


def deliver():
    deliver_due.delay()


def refusals(subscribe, **wanted):
    with pytest.raises(InvalidInputError) as refusal:
        subscribe(URL, **wanted)
    assert Webhook.objects.count() == 0
    return [(error.field, error.code) for error in refusal.value.errors]


def test_a_template_writes_what_arrives_and_the_signature_covers_it(subscribe, submit):
    template = '{"said": "{{ answers.vote }}", "who": {{ answers.name }}, "form": {{ form.title }}}'
    with Receiver() as receiver:
        _, secret = subscribe(receiver.url(), template=template)
        submit(vote="yes", name="Ada")
        deliver()
    (request,) = receiver.received
    assert json.loads(request.body) == {"said": "yes", "who": None, "form": "Club survey"}
    assert request.headers["content-type"] == "application/json"
    standardwebhooks.Webhook(secret).verify(request.body, request.headers)


def test_a_selection_picks_what_arrives_and_feeds_a_template(subscribe, submit):
    with Receiver() as receiver:
        subscribe(receiver.url(), selection="data.{vote: answers.choice_1, id: response_id}")
        subscribe(
            receiver.url(), selection="data.answers.age || `0`", template='{"age": {{ selected }}}'
        )
        response = submit(vote="yes", age=40)
        deliver()
    bodies = [json.loads(request.body) for request in receiver.received]
    assert {"vote": "yes", "id": response.id} in bodies
    assert {"age": 40} in bodies


def test_text_goes_out_as_text(subscribe, submit):
    template = "{% for field in fields %}{{ field.label }}: {{ field.text }}\n{% endfor %}"
    with Receiver() as receiver:
        subscribe(receiver.url(), template=template, content_type="text/plain")
        submit(vote="yes", age=40, name="Ada")
        deliver()
    (request,) = receiver.received
    assert request.headers["content-type"] == "text/plain"
    assert request.body.decode() == (
        "Your name: personal data, hidden\nYour age: 40\nYour vote: Yes\n"
    )


@pytest.mark.parametrize("preset", presets())
def test_every_preset_arrives(subscribe, submit, settings, preset):
    settings.PUBLIC_URL = "https://forms.example.org/"
    with Receiver() as receiver:
        subscribe(receiver.url(), preset=preset)
        response = submit(vote="yes", name="Lovelace")
        deliver()
    (request,) = receiver.received
    text = request.body.decode()
    assert "Lovelace" not in text
    if preset != "plain":
        form = f"https://forms.example.org/api/v2/forms/{response.form_id}/"
        link = f"{form}responses/{response.id}/"
        assert link in text
        assert "Club survey" in text


def test_equal_renderings_share_their_bytes_and_others_do_not(subscribe, submit):
    subscribe(URL)
    subscribe(f"{URL}2")
    subscribe(f"{URL}3", preset="slack")
    subscribe(f"{URL}4", preset="slack")
    subscribe(f"{URL}5", include_personal_data=True)
    submit()
    assert (Delivery.objects.count(), Payload.objects.count()) == (5, 3)
    names = sorted(
        pk.rpartition(".")[2].partition("-")[0]
        for pk in Payload.objects.values_list("pk", flat=True)
    )
    assert names == ["full", "masked", "masked"]


def test_a_broken_template_is_a_dead_letter_with_the_place_and_the_others_get_theirs(
    subscribe, submit
):
    webhook, _ = subscribe(URL)
    with Receiver() as receiver:
        subscribe(receiver.url())
        Webhook.objects.filter(pk=webhook.pk).update(template=BROKEN)
        submit(vote="yes")
        deliver()
    assert len(receiver.received) == 1
    dead = Delivery.objects.get(webhook=webhook)
    assert (dead.status, dead.dead_reason, dead.payload, dead.due_at) == (
        "dead", "template", None, None,
    )  # fmt: skip
    assert dead.last_error == "Line 1: This needs a number."
    assert (dead.seq, Attempt.objects.filter(delivery=dead).count()) == (1, 0)
    assert Lane.objects.get(pk=webhook.pk).dead_total == 1


def test_a_replay_writes_the_message_anew_once_the_template_is_repaired(subscribe, submit):
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url())
        Webhook.objects.filter(pk=webhook.pk).update(template=BROKEN)
        submit(vote="yes")
        with pytest.raises(ConflictError) as refusal:
            replays.redeliver(Delivery.objects.get())
        assert refusal.value.message.endswith("Line 1: This needs a number.")
        dead = Delivery.objects.get()
        assert (dead.status, dead.dead_reason, dead.payload) == ("dead", "template", None)
        Webhook.objects.filter(pk=webhook.pk).update(template='{"age": {{ answers.age }}}')
        assert replays.replay(Delivery.objects.filter(status="dead")) == 1
        deliver()
    (request,) = receiver.received
    assert (json.loads(request.body), request.headers["webhook-id"]) == (
        {"age": None},
        dead.event_id,
    )
    assert Delivery.objects.get().status == "delivered"


def test_a_message_that_is_too_large_is_a_dead_letter_with_that_reason(subscribe, submit):
    webhook, _ = subscribe(URL)
    template = "{% set a = '" + "x" * 9000 + "' %}" + '{"a": "' + "{{ a }}" * 40 + '"}'
    Webhook.objects.filter(pk=webhook.pk).update(template=template)
    submit()
    dead = Delivery.objects.get()
    assert (dead.status, dead.dead_reason) == ("dead", "too_large")


@pytest.mark.parametrize(
    ("wanted", "errors"),
    [
        ({"template": "{{ answers.vot }}"}, [("template", "template_failed")]),
        ({"template": "{{ nobody }}"}, [("template", "unknown_name")]),
        ({"template": "{% if %}"}, [("template", "invalid_template")]),
        ({"template": "hello"}, [("template", "invalid_json")]),
        ({"template": BROKEN}, [("template", "invalid_argument")]),
        ({"template": "{}", "preset": "slack"}, [("template", "not_with_preset")]),
        ({"selection": "data", "preset": "teams"}, [("selection", "not_with_preset")]),
        ({"selection": "data.["}, [("selection", "invalid_expression")]),
        ({"selection": "data.anwsers"}, [("selection", "selects_nothing")]),
        (
            {"selection": "data.answers", "events": ["response.submitted", "form.published"]},
            [("selection", "selects_nothing")],
        ),
        (
            {"template": "{{ answers.vote }}", "events": ["form.published"]},
            [("template", "template_failed")],
        ),
        ({"preset": "slak"}, [("preset", "unknown_preset")]),
        ({"content_type": "text/plain"}, [("content_type", "needs_a_template")]),
        (
            {"content_type": "image/png", "template": "x"},
            [("content_type", "unknown_content_type")],
        ),
        (
            {"content_type": "text/plain\r\nX: y", "template": "x"},
            [("content_type", "unknown_content_type")],
        ),
        ({"headers": {"Host": "x"}}, [("headers.Host", "reserved")]),
        ({"headers": {"X-A": "a\r\nb"}}, [("headers.X-A", "invalid_value")]),
        ({"headers": {f"X-{n}": "a" for n in range(21)}}, [("headers", "too_many")]),
    ],
)  # fmt: skip
def test_what_could_not_work_is_not_saved(subscribe, wanted, errors):
    assert refusals(subscribe, **wanted) == errors


def test_the_error_names_the_sample_the_line_and_the_remedy(subscribe):
    with pytest.raises(InvalidInputError) as refusal:
        subscribe(URL, template='{\n  "a": {{ answers.vot }}\n}')
    assert refusal.value.errors[0].message == (
        "With a sample response.submitted with everything answered: "
        "Line 2: There is no 'vot' here. Did you mean 'vote'?"
    )


def test_a_change_that_could_not_work_changes_nothing(subscribe):
    webhook, _ = subscribe(URL, template='{"a": {{ answers.age }}}')
    with pytest.raises(InvalidInputError):
        endpoints.update_webhook(
            webhook, endpoints.replace(form_of(webhook), template="{{ answers.aeg }}")
        )
    webhook.refresh_from_db()
    assert webhook.template == '{"a": {{ answers.age }}}'


def test_personal_answers_reach_a_template_only_where_the_endpoint_may_see_them(subscribe, submit):
    template = '{"who": {{ answers.name }}, "masked": {{ data.masked }}}'
    with Receiver() as receiver:
        subscribe(receiver.url("/masked"), template=template)
        subscribe(receiver.url("/full"), template=template, include_personal_data=True)
        submit(name="Ada")
        deliver()
    found = {request.path: json.loads(request.body) for request in receiver.received}
    assert found == {
        "/masked": {"who": None, "masked": ["name"]},
        "/full": {"who": "Ada", "masked": []},
    }


def test_headers_go_along_and_are_nowhere_to_be_read(subscribe, submit):
    token = "Token hush-hush-4711"
    with Receiver() as receiver:
        webhook, _ = subscribe(receiver.url(), headers={"Authorization": token, "X-Team": "crm"})
        receiver.on_request = lambda request: receiver.replies.insert(
            0, Reply(500, json.dumps(request.headers).encode())
        )
        submit()
        deliver()
    assert receiver.received[0].headers["authorization"] == token
    assert receiver.received[0].headers["x-team"] == "crm"
    assert webhook.header_names == ["Authorization", "X-Team"]
    assert "[…]" in Attempt.objects.get().response
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert "hush-hush" not in repr(cursor.fetchall()), table


def test_a_change_leaves_the_headers_and_an_empty_set_removes_them(subscribe):
    webhook, _ = subscribe(URL, headers={"X-Team": "crm"})
    endpoints.update_webhook(webhook, form_of(webhook))
    assert Webhook.objects.get().headers() == {"X-Team": "crm"}
    endpoints.update_webhook(webhook, endpoints.replace(form_of(webhook), headers={}))
    assert (Webhook.objects.get().headers(), Webhook.objects.get().header_names) == ({}, [])


def test_a_test_message_looks_like_the_endpoints_messages(subscribe):
    with Receiver() as receiver:
        webhook, _ = subscribe(
            receiver.url(), template='{"vote": {{ answers.vote }}, "t": {{ type }}}'
        )
        endpoints.send_test(webhook)
        deliver()
    assert json.loads(receiver.received[0].body) == {"vote": "yes", "t": "webhook.test"}


def test_a_template_for_every_form_cannot_name_a_field(subscribe, submit):
    assert refusals(subscribe, form_id="", template="{{ answers.vote }}") == [
        ("template", "template_failed")
    ]
    with Receiver() as receiver:
        subscribe(receiver.url(), form_id="", template="{{ answers.vote|default('?') }}")
        submit(vote="yes")
        deliver()
    assert receiver.received[0].body == b'"yes"'
