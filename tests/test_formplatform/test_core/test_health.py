import time

import pytest

from formplatform.core import heartbeats
from formplatform.core.heartbeats import Role
from formplatform.core.preparation import make_first_admin
from tests.redis_away import KINDS, away


@pytest.fixture
def beating(monkeypatch):
    """A worker's heart, which ends with the test."""
    monkeypatch.setattr(heartbeats, "BEAT_SECONDS", 0.02)
    ends = []
    yield lambda: ends.append(heartbeats.keep_beating(Role.WORKER))
    for end in ends:
        end.set()


def has_beaten():
    deadline = time.monotonic() + 5
    while (last := heartbeats.last_beat(Role.WORKER)) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    return last is not None


def test_a_worker_that_shows_life_is_ready(client, beating):
    beating()

    assert has_beaten()
    assert client.get("/readyz", {"role": "worker"}).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_heart_outlives_an_outage_of_redis(beating, kind):
    with away(kind):
        beating()
        time.sleep(0.2)

    assert has_beaten()


def test_the_first_admin_is_made_once(django_user_model):
    password = make_first_admin()

    assert django_user_model.objects.get(is_superuser=True).check_password(password)
    assert make_first_admin() is None
