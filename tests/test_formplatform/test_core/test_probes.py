"""What orchestrators and Prometheus get to hear."""

import pytest
from django.test import override_settings

from formplatform.core import health
from formplatform.core.connections import numbers
from formplatform.core.heartbeats import Role
from formplatform.core.metrics import count_request, count_task
from tests.redis_away import KINDS, away


def ready(client, role):
    answer = client.get(f"/readyz?role={role}")
    return answer.status_code, answer.json()


def beat(role):
    numbers().set(f"heartbeat:{role}", health.time.time(), ex=15)


@pytest.fixture(params=KINDS)
def dead_redis(request):
    """Ports nobody listens on."""
    with away(request.param):
        yield


@pytest.fixture(params=KINDS)
def silent_redis(request):
    """Servers that accept and never answer."""
    with away(request.param, silent=True):
        yield


@pytest.fixture
def dead_sql(monkeypatch):
    def refuse():
        raise ConnectionError("the password of the database is hush")

    down = health.Dependency(refuse, frozenset(Role))
    monkeypatch.setitem(health._dependencies, "sql", down)


def test_liveness_asks_nothing(client, dead_redis, dead_sql, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_web_is_ready_and_names_each_store_with_its_latency(client):
    status, body = ready(client, "web")

    assert status == 200
    assert (body["status"], body["role"]) == ("ready", "web")
    assert {"broker", "redis", "sql"} <= body["checks"].keys()
    for found in body["checks"].values():
        assert found["state"] == "up"
        assert 0 <= found["latency_ms"] < 5000


def test_the_web_is_what_is_asked_without_a_role(client):
    assert client.get("/readyz").json()["role"] == "web"


def test_an_unknown_role_is_refused(client):
    answer = client.get("/readyz?role=database")
    assert answer.status_code == 400
    assert answer.json()["error"] == "role: web, worker or beat"


def test_without_redis_the_web_still_takes_responses_and_says_so(client, dead_redis):
    status, body = ready(client, "web")

    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["redis"]["state"] == body["checks"]["broker"]["state"] == "down"
    assert body["checks"]["redis"]["needed"] is False
    assert body["checks"]["sql"]["state"] == "up"


def test_a_redis_that_hangs_does_not_hang_the_probe(client, silent_redis):
    status, body = ready(client, "web")

    assert (status, body["status"]) == (200, "degraded")
    assert body["checks"]["broker"]["error"] == "TimeoutError"
    assert body["checks"]["redis"]["state"] == "down"
    assert body["checks"]["redis"]["latency_ms"] < 5000


def test_without_its_database_the_web_is_not_ready_and_no_secret_is_told(client, dead_sql):
    answer = client.get("/readyz?role=web")

    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert answer.json()["checks"]["sql"]["error"] == "ConnectionError"
    assert "hush" not in answer.text


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_a_background_role_is_ready_while_its_heart_beats(client, role):
    status, body = ready(client, role)
    assert (status, body["checks"][f"{role} heartbeat"]["state"]) == (503, "down")

    beat(role)

    status, body = ready(client, role)
    assert (status, body["status"]) == (200, "ready")


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_a_heart_that_stopped_is_noticed_even_if_its_key_stayed(client, role):
    numbers().set(f"heartbeat:{role}", health.time.time() - health.FADE_SECONDS - 1)
    assert ready(client, role)[0] == 503


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_a_background_role_needs_redis(client, role, dead_redis):
    assert ready(client, role)[0] == 503


@override_settings(ALLOWED_HOSTS=["forms.example.org"], SECURE_SSL_REDIRECT=True)
def test_an_orchestrator_may_ask_by_address_and_without_tls(client):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path, headers={"Host": "10.4.2.7:8000"}).status_code == 200
    assert client.get("/api/v2/forms/", headers={"Host": "10.4.2.7:8000"}).status_code in (301, 400)


def test_requests_and_tasks_are_counted(client):
    count_request("GET", view="painted", status=201, seconds=0.02)
    count_task("tests.paint", state="success", seconds=2)

    text = client.get("/metrics").text

    labels = 'method="GET",status="201",view="painted"'
    assert f"django_http_responses_total_by_status_view_method_total{{{labels}}} 1.0" in text
    seconds = "django_http_requests_latency_seconds_by_view_method_bucket"
    assert f'{seconds}{{le="0.025",method="GET",view="painted"}} 1.0' in text
    assert f'{seconds}{{le="0.01",method="GET",view="painted"}} 0.0' in text
    assert 'formplatform_tasks_total{state="success",task="tests.paint"} 1.0' in text
    assert 'formplatform_task_seconds_sum{task="tests.paint"} 2.0' in text


@pytest.mark.parametrize(
    ("peer", "headers"),
    [("93.184.215.14", {}), ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"})],
    ids=["a stranger", "through a proxy"],
)
def test_metrics_are_for_neighbours_only(client, peer, headers):
    answer = client.get("/metrics", headers=headers, REMOTE_ADDR=peer)
    assert answer.status_code == 404
    assert "formplatform" not in answer.text
