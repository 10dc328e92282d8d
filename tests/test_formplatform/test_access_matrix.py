"""Every URL of the API against everybody who may or may not call it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import get_resolver
from rest_framework.test import APIClient

from formplatform.core.api_keys import SCOPES, revoke_key
from formplatform.core.clock import now
from formplatform.forms.ids import new_id
from tests.test_formplatform.access_matrix import (
    ANYBODY,
    DONE,
    FORBIDDEN,
    FORM,
    HIDDEN,
    KNOWN,
    MATRIX,
    NUMBERS,
    PEOPLE,
    SAVED,
    SIGNING_IN,
    STAFF,
    SUBMITTER,
    UNKNOWN,
    expected_of,
    expected_of_key,
    rows,
)
from tests.test_formplatform.access_world import World, everything

LISTS = ["forms/", "webhooks/", "dead-letters/", "reports/", "schedules/", SAVED]
VERBS = ("get", "post", "put", "patch", "delete")


def routes(node, prefix=""):
    for each in node.url_patterns:
        path = prefix + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from routes(each, path)
        elif path.startswith("api/v2/"):
            view = getattr(each.callback, "view_class", None) or each.callback.cls
            for verb in VERBS:
                if hasattr(view, verb):
                    yield verb.upper(), path.removeprefix("api/v2/")


def test_every_url_of_the_api_has_its_row():
    assert set(routes(get_resolver())) == MATRIX.keys() | SIGNING_IN


@pytest.fixture
def world(database, form_store, settings, tmp_path):
    settings.REPORT_STORAGE_PATH = tmp_path / "reports"
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES)
    return World()


@pytest.fixture
def public_world(database, form_store, settings, tmp_path):
    settings.REPORT_STORAGE_PATH = tmp_path / "reports"
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES)
    return World(public=True)


def hold(world, client, expected):
    """Call every row: first those that must be refused, which must change nothing."""
    allowed = [row for row, status in expected.items() if status == DONE]
    before = everything()
    found = {row: world.status(client, row) for row in rows() if row not in allowed}
    assert everything() == before
    found |= {row: world.status(client, row) for row in rows() if row in allowed}
    assert {row: found[row] for row in found if found[row] != expected[row]} == {}


@pytest.mark.parametrize("who", ["anonymous", *PEOPLE])
def test_people_can_do_what_they_may_and_nothing_else(world, who):
    hold(world, world.client(who), {row: expected_of(who, row) for row in rows()})


@pytest.mark.parametrize("who", PEOPLE)
def test_a_key_narrows_its_owner_and_never_widens(world, who):
    expected = {row: expected_of_key(who, set(SCOPES), row) for row in rows()}

    hold(world, world.client(who, SCOPES), expected)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_its_rows_and_no_other(world, scope):
    expected = {row: expected_of_key(STAFF, {scope}, row) for row in rows()}

    hold(world, world.client(STAFF, [scope]), expected)


@pytest.mark.parametrize("kind", ["expired", "revoked", "of somebody who left"])
def test_a_dead_key_opens_nothing(world, kind):
    options = {"expires_at": now() - timedelta(seconds=1)} if kind == "expired" else {}
    client = world.client(STAFF, SCOPES, **options)
    if kind == "revoked":
        revoke_key(client.key)
    if kind == "of somebody who left":
        User.objects.filter(pk=client.key.user_id).update(is_active=False)

    hold(
        world,
        client,
        {row: DONE if row == ("GET", "login/") else UNKNOWN for row in rows()},
    )


def test_a_key_for_other_forms_sees_nothing_of_this_one(world):
    about_no_form = {ANYBODY, KNOWN, STAFF}

    hold(
        world,
        world.client(STAFF, SCOPES, form_ids=[new_id()]),
        {
            row: expected_of_key(STAFF, set(SCOPES), row)
            if MATRIX[row][0] in about_no_form
            else HIDDEN
            for row in rows()
        },
    )


@pytest.mark.parametrize("who", ["anonymous", "stranger"])
def test_a_public_form_opens_its_two_doors_and_nothing_else(public_world, who):
    doors = {row for row in rows() if MATRIX[row][0] == SUBMITTER}
    assert doors == {("POST", f"{FORM}responses/"), ("POST", f"{FORM}sessions/")}

    hold(
        public_world,
        public_world.client(who),
        {row: DONE if row in doors else expected_of(who, row) for row in rows()},
    )


@pytest.mark.parametrize("who", ["stranger", SUBMITTER])
def test_a_form_one_may_not_see_is_told_apart_from_none_by_nothing(world, who):
    client, nowhere = world.client(who), new_id()
    hidden = [
        (method, route)
        for method, route in rows()
        if route.startswith((FORM, NUMBERS)) and expected_of(who, (method, route)) == HIDDEN
    ]
    assert len(hidden) > 20

    for method, route in [*hidden, *(("OPTIONS", route) for _, route in hidden)]:
        there = world.send(client, (method, route))
        missing = world.send(client, (method, route), form_id=nowhere)
        assert seen(there) == seen(missing), (method, route)


def seen(answer):
    named = {name: text for name, text in answer.items() if name != "X-Request-ID"}
    return answer.status_code, named, answer.content


@pytest.mark.parametrize("who", ["stranger", SUBMITTER, "a key for other forms"])
def test_no_list_and_no_page_shows_what_hangs_on_a_form_one_may_not_see(world, who):
    if who == "a key for other forms":
        client = world.client(STAFF, SCOPES, form_ids=[new_id()])
    else:
        client = world.client(who)
    ids = [str(thing["id"]) for thing in world.ids.values() if len(str(thing["id"])) > 20]
    shown = {route: world.send(client, ("GET", route)) for route in LISTS}

    assert {answer.status_code for answer in shown.values()} == {200}
    for route, answer in shown.items():
        assert not [each for each in ids if each in answer.text], route
    counts = {route: answer.json()["count"] for route, answer in shown.items()}
    assert counts == dict.fromkeys(LISTS, 0)


def test_methods_that_are_not_there_are_405_and_change_nothing(world):
    client, before = world.client(STAFF), everything()
    offered = {}
    for method, route in MATRIX:
        offered.setdefault(route, {"HEAD", "OPTIONS"}).add(method)
    offered["login/"] |= {"POST", "PUT"}

    found = {
        (method, route): world.send(client, (method, route)).status_code
        for route, methods in offered.items()
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods
    }

    assert {row: status for row, status in found.items() if status != 405} == {}
    assert everything() == before


def test_a_session_without_its_csrf_token_changes_nothing(world):
    client = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(world.users[STAFF])
    client.who = STAFF
    safe = {("POST", f"{NUMBERS}query/"), ("POST", f"{NUMBERS}export/")}
    before = everything()

    writing = [row for row in rows() if row[0] != "GET" and row not in safe]
    found = {row: world.send(client, row).status_code for row in writing}

    assert found == dict.fromkeys(writing, FORBIDDEN)
    assert everything() == before
