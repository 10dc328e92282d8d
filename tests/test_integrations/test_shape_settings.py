"""Filters, templates and headers of an endpoint, as people set them: in the API and the admin."""

import pytest
from django.contrib.auth import get_user_model

from formplatform.core.api_keys import SCOPES, create_key
from integrations.webhooks.models import Webhook

URL = "https://hooks.example.com/in"
ADULT = {"field": "age", "op": "gte", "value": 18}
SHAPE = {
    "filter": ADULT,
    "selection": "data.answers",
    "template": '{"age": {{ selected.age|default(none) }}}\n',
    "preset": "plain",
    "content_type": "application/json",
}


@pytest.fixture
def api(owner, client):
    _, token = create_key(owner, name="tests", scopes=SCOPES)
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def make(api, survey, **values):
    body = {"url": URL, "form_id": survey.id, "events": ["response.submitted"], **values}
    return api.post("/api/v2/webhooks/", body, content_type="application/json")


def change(api, webhook_id, **values):
    return api.patch(f"/api/v2/webhooks/{webhook_id}/", values, content_type="application/json")


def test_what_is_set_is_shown_but_for_the_values_of_headers(api, survey):
    made = make(api, survey, **SHAPE, headers={"Authorization": "Bearer hush-hush"})
    assert made.status_code == 201
    shown = api.get(f"/api/v2/webhooks/{made.json()['id']}/")
    assert {key: shown.json()[key] for key in SHAPE} == SHAPE
    assert shown.json()["header_names"] == ["Authorization"]
    assert b"hush" not in made.content + shown.content
    assert Webhook.objects.get().headers() == {"Authorization": "Bearer hush-hush"}


def test_an_endpoint_without_any_of_it_sends_the_message_as_it_is(api, survey):
    shown = make(api, survey).json()
    assert {key: shown[key] for key in SHAPE} == {
        "filter": None,
        "selection": "",
        "template": "",
        "preset": "plain",
        "content_type": "application/json",
    }


def test_a_change_of_one_thing_leaves_the_others(api, survey):
    made = make(api, survey, **SHAPE, headers={"X-Team": "crm"}).json()
    changed = change(api, made["id"], filter=None)
    assert changed.status_code == 200
    assert {key: changed.json()[key] for key in SHAPE} == {**SHAPE, "filter": None}
    assert changed.json()["header_names"] == ["X-Team"]
    assert change(api, made["id"], headers={}).json()["header_names"] == []


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"filter": {"field": "age", "op": "gte", "value": "x"}}, [("filter.value", "wrong_type")]),
        ({"filter": "age > 18"}, [("filter", "invalid_condition")]),
        ({"template": "{{ x"}, [("template", "invalid_template")]),
        ({"template": "x" * 20_000}, [("template", "max_length")]),
        ({"preset": "slak"}, [("preset", "invalid_choice")]),
        ({"preset": "slack", "selection": "data"}, [("selection", "not_with_preset")]),
        ({"content_type": "image/png"}, [("content_type", "unknown_content_type")]),
        ({"headers": {"Host": "x"}}, [("headers.Host", "reserved")]),
        ({"headers": {"webhook-id": "x"}}, [("headers.webhook-id", "reserved")]),
        ({"headers": "x"}, [("headers", "not_a_dict")]),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(api, survey, values, errors):
    answer = make(api, survey, **values)
    assert answer.status_code == 400
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == errors
    assert Webhook.objects.count() == 0


@pytest.fixture
def admin(client):
    client.force_login(get_user_model().objects.create_superuser("root"))
    return client


def form_with(owner, survey, **values):
    return {
        "url": URL,
        "owner": owner.pk,
        "form_id": survey.id,
        "events": ["response.submitted"],
        "filter": "null",
        "preset": "plain",
        "content_type": "application/json",
        "ordering": "none",
        "schedule": "default",
        **values,
    }


def test_the_admin_sets_and_keeps_and_removes_them(admin, owner, survey):
    add = "/admin/integrations/webhook/add/"
    filter_ = '{"field": "age", "op": "gte", "value": 18}'
    sent = form_with(owner, survey, filter=filter_, headers="X-Team: crm\r\nX-Key: hush-hush\r\n")
    assert admin.post(add, {**sent, "template": '{\r\n"a": {{ answers.age }}}'}).status_code == 200
    webhook = Webhook.objects.get()
    assert (webhook.filter, webhook.template) == (ADULT, '{\n"a": {{ answers.age }}}')
    assert webhook.headers() == {"X-Team": "crm", "X-Key": "hush-hush"}
    page = f"/admin/integrations/webhook/{webhook.pk}/change/"
    assert b"hush" not in admin.get(page).content
    admin.post(page, form_with(owner, survey, preset="slack"))
    webhook.refresh_from_db()
    assert (webhook.preset, webhook.header_names) == ("slack", ["X-Key", "X-Team"])
    admin.post(page, form_with(owner, survey, without_headers="on"))
    webhook.refresh_from_db()
    assert (webhook.headers(), webhook.preset) == ({}, "plain")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"filter": '{"field": "aeg", "op": "empty"}'}, "Did you mean"),
        ({"filter": '{"all": [{"field": "age", "op": "contains", "value": 1}]}'}, "all[0].op"),
        ({"template": "{{ answers.aeg }}"}, "Did you mean"),
        ({"preset": "slack", "selection": "data"}, "writes its own message"),
        ({"headers": "Host: x"}, "set by the platform"),
        ({"headers": "nonsense"}, "on a line of its own"),
        ({"content_type": "image/png"}, "application/json"),
    ],
)
def test_the_admin_says_what_is_wrong_at_its_field(admin, owner, survey, values, words):
    answer = admin.post("/admin/integrations/webhook/add/", form_with(owner, survey, **values))
    assert words in answer.content.decode()
    assert Webhook.objects.count() == 0
