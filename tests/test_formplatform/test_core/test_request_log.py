"""A request has a name; the name is told, logged, and follows the work into the queue."""

import logging

import pytest
from celery import shared_task
from django.http import HttpResponse

from formplatform.core import logs
from formplatform.core.request_log import RequestLog
from formplatform.core.task_log import HEADER, send_request_id

LOGGER = "formplatform.core.request_log"


def lines(caplog):
    return [record for record in caplog.records if record.name == LOGGER]


def test_a_name_from_the_proxy_is_kept(client):
    answer = client.get("/api/v2/forms/", headers={"X-Request-ID": "edge-7f3a.1"})
    assert answer["X-Request-ID"] == "edge-7f3a.1"


@pytest.mark.parametrize(
    "given",
    ["", "short", "x" * 65, "with space", "new\tline", "<script>x</script>", "ü" * 9],
)
def test_any_other_name_is_replaced(client, given):
    answer = client.get("/api/v2/forms/", headers={"X-Request-ID": given} if given else {})
    assert answer["X-Request-ID"] != given
    assert len(answer["X-Request-ID"]) == 32


def test_each_request_gets_a_name_of_its_own(client):
    names = {client.get("/api/v2/forms/")["X-Request-ID"] for _ in range(3)}
    assert len(names) == 3


def test_the_line_holds_the_route_and_never_the_query(client, caplog):
    caplog.set_level(logging.INFO, LOGGER)

    client.get("/api/v2/forms/?search=my+illness")

    (line,) = lines(caplog)
    assert line.getMessage() == "request"
    assert (line.method, line.route, line.status) == ("GET", "api/v2/forms/", 401)
    assert line.duration_ms >= 0
    assert "illness" not in str(line.__dict__)


def test_an_unknown_path_is_one_route_whatever_it_is_called(client, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    client.get("/wp-login.php")
    client.get("/.git/config")
    assert [(line.route, line.status) for line in lines(caplog)] == [("unmatched", 404)] * 2


def test_a_failure_of_ours_is_a_warning(rf, caplog):
    answer = RequestLog(lambda request: HttpResponse(status=503))(rf.get("/api/v2/forms/"))

    (line,) = lines(caplog)
    assert (line.levelno, line.status) == (logging.WARNING, 503)
    assert answer["X-Request-ID"]


def test_a_method_nobody_knows_is_counted_under_one_name(rf, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    RequestLog(lambda request: HttpResponse())(rf.generic("BREW", "/api/v2/forms/"))
    assert lines(caplog)[0].method == "other"


def test_the_name_ends_with_the_request(client):
    client.get("/api/v2/forms/", headers={"X-Request-ID": "edge-12345"})
    assert logs.request_id.get() == ""


def test_a_message_carries_the_name_of_the_request_that_sent_it():
    token, headers = logs.request_id.set("edge-12345"), {}
    try:
        send_request_id(headers=headers)
    finally:
        logs.request_id.reset(token)
    assert headers == {HEADER: "edge-12345"}

    unnamed = {}
    send_request_id(headers=unnamed)
    assert unnamed == {}


@shared_task(name="tests.look_around")
def look_around():
    seen.append((logs.task_id.get(), logs.request_id.get()))


seen: list[tuple[str, str]] = []


def test_a_task_runs_under_its_own_id_and_the_requests_name():
    seen.clear()
    token = logs.request_id.set("edge-12345")
    try:
        run = look_around.apply(task_id="t-1")
        assert logs.request_id.get() == "edge-12345", "the request goes on under its name"
    finally:
        logs.request_id.reset(token)

    assert run.successful()
    assert seen == [("t-1", "edge-12345")]
    assert logs.task_id.get() == ""


def test_a_task_that_came_through_the_queue_knows_the_request():
    seen.clear()
    look_around.apply(task_id="t-2", headers={HEADER: "edge-67890"})
    assert seen == [("t-2", "edge-67890")]
