import time

import pytest
import redis

from formplatform.core import connections, health, heartbeats
from formplatform.core.heartbeats import Role
from formplatform.core.preparation import make_first_admin


def test_healthz_depends_on_nothing(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readiness_names_every_store_with_its_latency(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert {"sql", "redis", "cache"} <= checks.keys()
    assert all(check["ready"] and check["latency_ms"] >= 0 for check in checks.values())


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_a_role_without_a_sign_of_life_is_not_ready(client, role):
    answer = client.get("/readyz", {"role": role})

    assert answer.status_code == 503
    assert answer.json()["checks"][f"{role} heartbeat"]["ready"] is False


def test_a_worker_that_shows_life_is_ready(client):
    heartbeats.keep_beating(Role.WORKER)
    deadline = time.monotonic() + 5
    while heartbeats.last_beat(Role.WORKER) is None and time.monotonic() < deadline:
        time.sleep(0.01)

    assert client.get("/readyz", {"role": "worker"}).status_code == 200


def test_an_old_sign_of_life_does_not_count(client):
    connections.numbers().set("heartbeat:beat", time.time() - 60)

    assert client.get("/readyz", {"role": "beat"}).status_code == 503


def test_an_unknown_role_is_refused(client):
    assert client.get("/readyz", {"role": "cook"}).status_code == 400


def test_without_redis_the_web_is_not_ready_and_says_why(client, monkeypatch):
    dead = redis.Redis(unix_socket_path="/nonexistent/redis.sock")
    monkeypatch.setattr(health, "numbers", lambda: dead)
    monkeypatch.setitem(health._checks, "redis", dead.ping)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["redis"]["error"] == "ConnectionError"


def test_metrics_are_there_for_prometheus(client):
    assert b"django_http_requests_total_by_method_total" in client.get("/metrics").content


def test_the_first_admin_is_made_once(django_user_model):
    password = make_first_admin()

    assert django_user_model.objects.get(is_superuser=True).check_password(password)
    assert make_first_admin() is None
