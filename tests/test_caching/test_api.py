import pytest
from rest_framework.test import APIClient

from caching.tags import mint
from formplatform.core.api_keys import create_key


@pytest.fixture
def staff(admin_user):
    client = APIClient()
    client.force_login(admin_user)
    return client


def test_staff_see_how_the_cache_is_doing(staff, counted):
    function = counted(ttl=60)
    function(1)
    function(1)

    answer = staff.get("/api/v2/cache/")

    assert answer.status_code == 200
    (found,) = [f for f in answer.json()["functions"] if f["name"] == function.name]
    assert found == {
        "name": function.name,
        "ttl": 60.0,
        "l1_hits": 1,
        "l2_hits": 0,
        "misses": 1,
        "hit_ratio": 0.5,
    }


def test_staff_make_a_tag_stale(staff, counted):
    function = counted(tags=("form:1",))
    function()

    assert staff.post("/api/v2/cache/bump/", {"tags": ["form:1"]}).status_code == 204

    function()
    assert len(function.runs) == 2


def test_staff_make_a_function_stale(staff, counted):
    function = counted()
    function()

    answer = staff.post("/api/v2/cache/invalidate/", {"pattern": function.name})

    assert (answer.status_code, answer.json()) == (200, {"functions": [function.name]})
    function()
    assert len(function.runs) == 2


@pytest.mark.parametrize(
    "body",
    [{}, {"tags": []}, {"tags": "form:1"}, {"tags": ["a b"]}, {"tags": [{}]}, {"tags": None}],
)
def test_a_malformed_tag_is_refused_and_nothing_is_bumped(staff, body):
    before = mint("form:1")

    assert staff.post("/api/v2/cache/bump/", body).status_code == 400

    assert mint("form:1") == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["", "bump/", "invalidate/"])
def test_others_see_nothing_of_the_cache(method, path, django_user_model):
    client = APIClient()
    assert getattr(client, method)(f"/api/v2/cache/{path}").status_code in (401, 403)

    client.force_login(django_user_model.objects.create_user("clerk"))
    assert getattr(client, method)(f"/api/v2/cache/{path}").status_code == 403


def test_a_key_of_staff_needs_the_scope(admin_user):
    client = APIClient()
    _, text = create_key(admin_user, name="k", scopes=["cache:read"])
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")

    assert client.get("/api/v2/cache/").status_code == 200
    assert client.post("/api/v2/cache/bump/", {"tags": ["form:1"]}).status_code == 403
