"""What strangers send: a 4xx that names the field, nothing stored, never a 500."""

import itertools
import json

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.models import IdempotentRequest
from formplatform.forms.schema.types.registry import field_types
from formplatform.forms.storage.registry import get_store
from tests.test_formplatform.test_forms.test_schema.test_types import EXTRAS

OPERATORS = [
    {"$where": "1"}, {"$gt": ""}, {"$ne": None}, {"$regex": ".*"}, {"$expr": {"$eq": [1, 1]}},
    {"__proto__": {"x": 1}}, {"a.b": 1}, {"$set": {"x": 1}}, [{"$gt": ""}], [[["x"]]],
]  # fmt: skip
HUGE = [10**30, -(10**30), 2**63, 1e308, -1e308, 10**400]
TEXTS = ["\x00", "a\x00b", "\x1b[31m", "x" * 60_000]
KEYS = [
    "$where", "$gt", "a.b", "vote.x", "__proto__", "constructor", "", " ", "\x00", "vote\x00",
    "x" * 5000, "ключ", "vote ", "VOTE", "data", "_id", "$", ".", "..", "vote[0]", "1", "null",
]  # fmt: skip


@pytest.fixture
def api(form_store):
    _, token = create_key(User.objects.create_user("ada"), name="tests", scopes=SCOPES)
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


@pytest.fixture
def url(api):
    """A form with a field of every type; none is required."""
    fields = [
        {"id": kind, "type": kind, **EXTRAS.get(kind, {})}
        for kind in field_types()
        if kind != "calculated"
    ]
    fields.append({"id": "calculated", "type": "calculated", "expression": "number + 1"})
    form = api.post("/api/v2/forms/", {"title": "All", "definition": {"fields": fields}}).json()
    assert api.post(f"/api/v2/forms/{form['id']}/publish/").status_code == 201
    api.form_id = form["id"]
    return f"/api/v2/forms/{form['id']}/responses/"


def send(api, url, body):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.generic("POST", url, text, content_type="application/json")


def assert_refused(api, answer):
    assert 400 <= answer.status_code < 500, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"]
    assert get_store().count_responses(api.form_id) == 0


@pytest.mark.parametrize("kind", sorted(field_types()))
def test_operators_and_nested_values_in_any_field_are_refused(api, url, kind):
    for value in OPERATORS:
        answer = send(api, url, {"answers": {kind: value}})
        assert_refused(api, answer)
        assert answer.json()["errors"][0]["field"] == kind


@pytest.mark.parametrize(("kind", "value"), list(itertools.product(
    ["integer", "rating", "scale", "nps", "boolean", "date", "choice", "text", "email"], HUGE,
)))  # fmt: skip
def test_numbers_no_store_can_hold_are_refused(api, url, kind, value):
    answer = send(api, url, {"answers": {kind: value}})

    assert_refused(api, answer)


@pytest.mark.parametrize("kind", ["text", "long_text", "email", "url", "phone", "hidden", "choice"])
def test_control_characters_and_endless_texts_are_refused(api, url, kind):
    for text in TEXTS:
        assert_refused(api, send(api, url, {"answers": {kind: text}}))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key[:20]))
def test_keys_that_are_no_field_are_refused_by_name(api, url, key):
    answer = send(api, url, {"answers": {key: 1}})

    assert_refused(api, answer)
    assert answer.json()["errors"][0]["code"] == "unknown_field"


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"7", b'"x"', b"[]", b"{}", b'{"answers": null}', b'{"answers": []}',
        b'{"answers": 7}', b'{"answers": {"text": "a"}, "extra": 1}', b'{"answers": {"text": "a"}',
        b'{"answers": {"text": Infinity}}', b'{"answers": {"text": "\\ud83d"}}', b"\x00", b"\xff",
        b'{"answers": {}, "session_id": "nope"}', b'{"answers": {}, "session_id": {"$gt": ""}}',
        b'{"a": ' * 3000 + b"1" + b"}" * 3000, b'{"answers": {"integer": ' + b"9" * 10_000 + b"}}",
        b'{"answers": {"text": "' + b"x" * 2_097_152 + b'"}}',
        json.dumps({"answers": {f"k{n}": n for n in range(20_000)}}).encode(),
        "{'answers': {}}".encode("utf-16"),
    ],
    ids=lambda body: ascii(body[:30]),
)  # fmt: skip
def test_bodies_that_are_no_submission_are_refused(api, url, body):
    assert_refused(api, send(api, url, body))


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
def test_other_kinds_of_content_are_refused(api, url, content_type):
    answer = api.generic("POST", url, b"x", content_type=content_type)

    assert answer.status_code == 415
    assert get_store().count_responses(api.form_id) == 0


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
@pytest.mark.parametrize("form_id", ["x", "0" * 24, "..%2f..", "%00", "$where", "a" * 500, "ж"])
def test_forms_and_responses_that_are_not_there_are_404(api, url, method, form_id):
    for path in (f"/api/v2/forms/{form_id}/", f"/api/v2/forms/{api.form_id}/responses/{form_id}/"):
        answer = getattr(api, method)(path, {"answers": {}}, format="json")
        assert answer.status_code in {404, 405}


@pytest.mark.parametrize("path", ["?search=%00", "?search=a%00b", "ID/members/%00/"])
def test_nothing_is_found_under_a_nul_and_nothing_fails(api, url, path):
    method = "delete" if "members" in path else "get"

    answer = getattr(api, method)("/api/v2/forms/" + path.replace("ID", api.form_id))

    assert answer.status_code in {200, 400, 404}


@pytest.mark.parametrize("number", [10**30, -(10**30)])
def test_a_huge_number_beside_an_idempotency_key_is_refused(api, url, number):
    body = {"form_id": api.form_id, "title": [number]}

    answer = api.post("/api/v2/reports/", body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "title"
    assert not IdempotentRequest.objects.exists()


def test_the_docs_can_only_be_read(api):
    assert api.options("/api/v2/docs/").status_code == 405
