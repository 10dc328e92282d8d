import time

from formplatform.core import heartbeats
from formplatform.core.heartbeats import Role
from formplatform.core.preparation import make_first_admin


def test_a_worker_that_shows_life_is_ready(client):
    heartbeats.keep_beating(Role.WORKER)
    deadline = time.monotonic() + 5
    while heartbeats.last_beat(Role.WORKER) is None and time.monotonic() < deadline:
        time.sleep(0.01)

    assert client.get("/readyz", {"role": "worker"}).status_code == 200


def test_the_first_admin_is_made_once(django_user_model):
    password = make_first_admin()

    assert django_user_model.objects.get(is_superuser=True).check_password(password)
    assert make_first_admin() is None
