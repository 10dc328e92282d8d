"""Stores that are away: real closed ports, a real process on each side of the outage."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_stores import brings_stores
from tests.redis_away import KINDS, held_ports

ROOT = Path(__file__).parents[2]
BEGIN = """
import json, time
import django
django.setup()
from formplatform.core.embedded import ensure_stores
ensure_stores()
"""
PREPARE = """
from formplatform.core.preparation import prepare
prepare()
from django.contrib.auth.models import User
from formplatform.core.actors import Actor
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.forms import catalog, publishing
user = User.objects.get()
_, token = create_key(user, name="tests", scopes=SCOPES)
actor = Actor(user_id=user.pk)
fields = [{"id": "dish", "type": "choice", "options": ["Soup", "Salad"]}]
form = catalog.create_form(actor=actor, title="Lunch", definition={"fields": fields})
publishing.publish_form(form, actor=actor)
print(json.dumps({"token": token, "form": form.id}))
"""
SUBMIT = """
from django.test import Client
client = Client(raise_request_exception=False, headers={"Authorization": "Bearer %(token)s"})
started = time.monotonic()
answer = client.post(
    "/api/v2/forms/%(form)s/responses/", {"answers": {"dish": "Soup"}},
    content_type="application/json", SERVER_NAME="localhost",
)
seconds = time.monotonic() - started
metrics = client.get("/api/v2/analytics/forms/%(form)s/metrics/", SERVER_NAME="localhost")
print(json.dumps({
    "status": answer.status_code, "seconds": seconds, "retry": answer.headers.get("Retry-After"),
    "metrics": metrics.status_code, "metrics_retry": metrics.headers.get("Retry-After"),
}))
"""
CATCH_UP = """
from django.conf import settings
from formplatform.core.clock import now
from formplatform.forms import outbox
from formplatform.celery import app
from datetime import timedelta
settings.OUTBOX_INLINE = True
app.conf.task_always_eager = True
app.conf.task_eager_propagates = True
outbox.dispatch_stale(before=now() + timedelta(seconds=1))
from analytics.metrics import metrics_of
from formplatform.forms.storage.registry import get_store
print(json.dumps({
    "stored": get_store().count_responses("%(form)s"),
    "total": metrics_of(get_store().find_form("%(form)s").id)["total_responses"],
}))
"""


@pytest.fixture
@brings_stores
def run(tmp_path):
    """Run a script in a process of its own on the data of this test; gives its last line."""

    def run_script(script, **variables):
        environment = {
            **os.environ,
            "DATA_DIRECTORY": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "formplatform.settings.local",
            "REDIS_URL": "",
            "REDIS_CLUSTER_NODES": "",
            "CELERY_BROKER_URL": "",
            "CELERY_RESULT_BACKEND": "",
            "MONGO_URL": "",
            "DATABASE_URL": "",
            **variables,
        }
        finished = subprocess.run(
            [sys.executable, "-c", BEGIN + script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        return json.loads(finished.stdout.strip().splitlines()[-1])

    return run_script


@pytest.fixture(params=KINDS)
def redis_variables(request, settings):
    """What names the Redis of a deployment: one that answers, and one that does not."""
    if request.param == "server":
        with held_ports(1) as ports:
            yield {}, {"REDIS_URL": f"redis://127.0.0.1:{ports[0]}/2"}
        return
    nodes = request.getfixturevalue("redis_cluster")
    with held_ports(4) as (broker, *closed):
        yield (
            with_a_cluster(nodes, settings.CELERY_BROKER_URL),
            with_a_cluster(
                [f"127.0.0.1:{port}" for port in closed], f"redis://127.0.0.1:{broker}/0"
            ),
        )


def with_a_cluster(nodes, broker):
    queues = {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": broker}
    return {"REDIS_CLUSTER_NODES": ",".join(nodes), **queues}


@pytest.mark.processes
def test_without_redis_a_response_is_accepted_at_once_and_counted_later(run, redis_variables):
    there, nowhere = redis_variables
    known = run(PREPARE, **there)

    away = run(SUBMIT % known, **nowhere)
    back = run(CATCH_UP % known, **there)

    assert away["status"] == 201
    assert away["seconds"] < 5
    assert (away["metrics"], away["metrics_retry"] is not None) == (503, True)
    assert back == {"stored": 1, "total": 1}


@pytest.mark.processes
def test_without_the_document_store_nothing_is_accepted_and_the_caller_may_come_back(run):
    known = run(PREPARE)

    with held_ports(1) as (port,):
        away = run(SUBMIT % known, MONGO_URL=f"mongodb://127.0.0.1:{port}/formplatform")

    assert (away["status"], away["retry"] is not None) == (503, True)
    assert run(CATCH_UP % known) == {"stored": 0, "total": 0}
