"""Who asks over HTTP is answered in time, however long a form takes to be read."""

import threading

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analytics.columns import COLUMNS, cache, following, patience, waiting_at_most
from analytics.columns.cache import StillReadingError
from analytics.columns.files import locked
from analytics.fields.form_fields import fields_of_form
from analytics.query_builder import run_query
from formplatform.core.api_keys import create_key
from tests.test_analytics.servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

QUERY = {"aggregate": "sum", "value": "age", "engine": "columnar"}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(following, "BATCH", 4)


@pytest.fixture
def held_back(monkeypatch):
    """Has a reading that goes on by itself wait for an event, so that a test can look at it."""
    go, finish = threading.Event(), COLUMNS._finish

    def wait(*asked):
        assert go.wait(60)
        finish(*asked)

    monkeypatch.setattr(COLUMNS, "_finish", wait)
    return go


def read(form_id):
    return COLUMNS.get(form_id, fields_of_form(form_id))


def is_idle():
    return not COLUMNS._going_on


def test_a_reading_that_takes_longer_goes_on_without_whoever_asked(log, form_id, held_back):
    with waiting_at_most(0), pytest.raises(StillReadingError, match="4 of 10") as refused:
        read(form_id)
    assert (refused.value.status, refused.value.code) == (503, "columns_being_read")
    with waiting_at_most(0), pytest.raises(StillReadingError, match="of 10"):
        read(form_id)
    held_back.set()
    wait_until(is_idle)
    with waiting_at_most(60):
        assert read(form_id).rows == 10
        assert run_query(form_id, QUERY).rows == [{"_id": None, "value": 10}]


def test_who_comes_meanwhile_waits_no_longer(log, form_id, folder):
    with locked(folder.lock), waiting_at_most(0.1), pytest.raises(StillReadingError, match="0 of"):
        read(form_id)
    assert is_idle()
    assert read(form_id).rows == 10


def test_few_threads_of_a_process_wait_at_a_time(log, form_id, monkeypatch):
    monkeypatch.setattr(patience, "SEAT_SECONDS", 0.05)
    monkeypatch.setattr(patience, "SEATS", threading.BoundedSemaphore(1))
    with patience.SEATS, waiting_at_most(60), pytest.raises(StillReadingError):
        read(form_id)
    with waiting_at_most(60):
        assert read(form_id).rows == 10


def test_commands_and_tasks_wait_as_long_as_it_takes(log, form_id, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0)
    assert run_query(form_id, QUERY).rows == [{"_id": None, "value": 10}]


def test_many_changes_are_caught_up_with_in_the_same_way(log, form_id, held_back):
    assert read(form_id).rows == 10
    log.submit(*({"age": 1} for _ in range(20)))
    with waiting_at_most(0), pytest.raises(StillReadingError):
        read(form_id)
    held_back.set()
    wait_until(is_idle)
    assert read(form_id).rows == 30


def test_over_http_it_is_a_503_that_says_when_to_ask_again(form_store, log, form_id, monkeypatch):
    from tests.factories.forms import FormFactory

    ada = User.objects.create_user("ada")
    form_store.insert_form(FormFactory(id=form_id, owner_id=ada.pk))
    _, token = create_key(ada, name="tests", scopes=["analytics:read"])
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    monkeypatch.setattr("analytics.api.patience.PATIENCE_SECONDS", 0)
    base = f"/api/v2/analytics/forms/{form_id}"
    asked = (
        lambda: api.post(f"{base}/query/", QUERY),
        lambda: api.post(f"{base}/export/?as=csv", QUERY),
        lambda: api.get(f"{base}/missing/"),
        lambda: api.get(f"{base}/fields/note/terms/"),
    )
    monkeypatch.setattr(cache.Columns, "_go_on", lambda *_: None)
    for ask in asked:
        answer = ask()
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert answer.json()["code"] == "columns_being_read"
    monkeypatch.undo()
    wait_until(is_idle)
    assert api.post(f"{base}/query/", QUERY).json()["data"] == [{"_id": None, "value": 10}]
