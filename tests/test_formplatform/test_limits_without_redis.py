"""What limits do while Redis is away: a web server, a Redis to kill or pause, and HTTP between."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple

import pytest

from tests.fakes.live_web import LiveWeb
from tests.own_stores import brings_stores
from tests.test_analytics.servers import Server

pytestmark = pytest.mark.processes

LIMITS = {
    "THROTTLE_SUBMIT": "6/day",
    "THROTTLE_READ": "200/day",
    "THROTTLE_LOGIN": "3/day",
    "THROTTLE_FAILED_AUTHENTICATION": "2/day",
}
PATIENCE_SECONDS = 3.0
"""Longer than any answer may take, far shorter than waiting for Redis each time."""


class Answer(NamedTuple):
    status: int
    retry: str | None
    body: str
    seconds: float


@pytest.fixture
def redis_server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
@brings_stores
def web(tmp_path, redis_server):
    """One web process, run as it is in production but for its limits."""
    settings = "formplatform.settings.local"
    web = LiveWeb(tmp_path, redis_server.socket, DJANGO_SETTINGS_MODULE=settings, **LIMITS)
    yield web
    web.end()


def ask(web, method, path, body=None, *, key=None, kind="application/json"):
    headers = {"Content-Type": kind, "Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    url = f"http://127.0.0.1:{web.port}{path}"
    request = urllib.request.Request(url, method=method, data=body, headers=headers)
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error as answer:
            status, text = answer.status, answer.read()
    seconds = time.monotonic() - started
    return Answer(status, answer.headers["Retry-After"], text.decode(), seconds)


def submit(web, who="ada"):
    body = json.dumps({"answers": {"age": 36}}).encode()
    return ask(web, "POST", f"{web.form}responses/", body, key=web.known[who])


def sign_in(web, username):
    wrong = urllib.parse.urlencode({"username": username, "password": "wrong"}).encode()
    return ask(web, "POST", "/api/v2/login/", wrong, kind="application/x-www-form-urlencoded")


def stored(web):
    answer = ask(web, "GET", f"{web.form}responses/", key=web.known["ada"])
    return len(json.loads(answer.body)["results"])


AWAY = {"killed": Server.kill, "paused": Server.pause}
BACK = {"killed": Server.start, "paused": Server.go_on}


@pytest.mark.parametrize("how", AWAY)
def test_without_redis_submissions_are_taken_up_to_the_limit_and_never_kept_waiting(
    web, redis_server, how
):
    before = [submit(web) for _ in range(2)]
    AWAY[how](redis_server)
    during = [submit(web) for _ in range(6)]
    wrong_keys = [ask(web, "GET", "/api/v2/forms/", key="fp_wrong") for _ in range(3)]
    sign_ins = [sign_in(web, f"user{number}") for number in range(4)]
    metrics = ask(web, "GET", f"{web.numbers}metrics/", key=web.known["ada"])

    assert [answer.status for answer in before] == [201, 201]
    assert [answer.status for answer in during] == [201, 201, 201, 201, 429, 429]
    assert [answer.status for answer in wrong_keys] == [401, 401, 429]
    assert sign_ins[3].status == 429
    assert 429 not in [answer.status for answer in sign_ins[:3]]
    refused = [during[4], wrong_keys[2], sign_ins[3]]
    assert all(0 < int(answer.retry) <= 86_401 for answer in refused)
    assert json.loads(during[4].body)["code"] == "throttled"
    assert (metrics.status, metrics.retry) == (503, "5")
    assert stored(web) == 6
    slowest = max(answer.seconds for answer in [*during, *wrong_keys, *sign_ins])
    assert slowest < PATIENCE_SECONDS

    BACK[how](redis_server)
    time.sleep(2.1)  # so long a process leaves a dead Redis alone

    assert submit(web).status == 429
    assert ask(web, "GET", f"{web.form}responses/", key=web.known["ada"]).status == 200
