"""Every list that people browse takes the same window, and refuses what is none."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

LISTS = ("forms/", "webhooks/", "analytics/saved-queries/", "reports/", "schedules/")


@pytest.fixture
def client():
    client = APIClient()
    client.force_login(User.objects.create_user("ada"))
    return client


@pytest.mark.parametrize("place", LISTS)
@pytest.mark.parametrize(
    "query", ["limit=abc", "limit=0", "limit=1001", "limit=", "offset=-1", "offset=1.5"]
)
def test_a_window_that_is_none_is_refused_by_name(client, place, query):
    answer = client.get(f"/api/v2/{place}?{query}")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [query.partition("=")[0]]


@pytest.mark.parametrize("place", LISTS)
def test_a_window_is_taken(client, place):
    answer = client.get(f"/api/v2/{place}?limit=1000&offset=0")

    assert answer.status_code == 200
    assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}
