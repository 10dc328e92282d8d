"""Where the API begins, for everybody who may begin."""

from importlib import import_module

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform import urls
from formplatform.core.api.root import COLLECTIONS
from formplatform.core.api_keys import create_key
from tests.test_formplatform.access_matrix import MATRIX

ROOT = "/api/v2/"
OPEN = {"schema", "docs"}
FOR_ANY_PERSON = COLLECTIONS.keys() - {"plugins", "cache"}


@pytest.fixture
def person():
    return User.objects.create_user("ada")


def session_of(user):
    client = APIClient()
    client.force_login(user)
    return client


def holder_of(user, *scopes):
    _, token = create_key(user, name="k", scopes=scopes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_every_collection_of_the_api_can_be_started_from():
    started = {
        route
        for method, route in MATRIX
        if method == "GET" and "<" not in route and route not in {"", "login/"}
    }

    listed = set(session_of(User.objects.create_superuser("root")).get(ROOT).json().values())

    assert listed == {f"http://testserver{ROOT}{route}" for route in started}


def test_a_person_is_shown_what_is_open_to_them(person):
    assert session_of(person).get(ROOT).json().keys() == FOR_ANY_PERSON


@pytest.mark.parametrize(
    ("scopes", "shown"),
    [
        (["forms:read"], {"forms"}),
        (["forms:write"], set()),
        (["analytics:read"], {"saved_queries", "query_schema"}),
        (["webhooks:read", "plugins:read"], {"webhooks", "dead_letters"}),
    ],
)
def test_a_key_is_shown_what_its_scopes_and_its_user_may_read(person, scopes, shown):
    assert holder_of(person, *scopes).get(ROOT).json().keys() == shown | OPEN


def test_everything_listed_answers_and_everything_left_out_does_not(person):
    client = holder_of(person, "forms:read", "reports:read", "cache:read")
    listed = client.get(ROOT).json()

    everything = session_of(User.objects.create_superuser("root")).get(ROOT).json()

    statuses = {name: client.get(address).status_code for name, address in everything.items()}
    assert {name for name, status in statuses.items() if status == 200} == listed.keys()
    assert set(statuses.values()) == {200, 403}


def test_the_root_is_refused_to_whoever_is_unknown():
    answer = APIClient().get(ROOT)

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_root_is_a_page_in_a_browser_and_a_path_in_the_schema(person):
    page = session_of(person).get(ROOT, headers={"Accept": "text/html"})
    schema = APIClient().get("/api/v2/schema/", {"format": "json"}).json()

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'href="http://testserver/api/v2/forms/"' in page.content.decode()
    assert "get" in schema["paths"][ROOT]


class WithoutFeatures:
    """The URLs of an installation whose features are all switched off."""

    handler404 = urls.handler404
    urlpatterns = [
        each
        for each in urls.urlpatterns
        if getattr(each, "urlconf_name", None)
        not in [import_module(module) for module in urls.FEATURE_URLS.values()]
    ]


def test_what_is_switched_off_is_not_listed(settings):
    settings.ROOT_URLCONF = WithoutFeatures

    listed = session_of(User.objects.create_superuser("root")).get(ROOT).json()

    assert listed.keys() == {"forms", "cache", "api_keys", "schema", "docs"}
