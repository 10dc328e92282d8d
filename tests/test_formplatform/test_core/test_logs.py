"""What may be in a log, and what must never be."""

import ast
import json
import logging
from pathlib import Path

import pytest
from django.db import IntegrityError

from formplatform.core import logs
from formplatform.core.errors import UnavailableError
from formplatform.core.logs import SHOWN, JsonLineFormatter, LineFormatter

ROOT = Path(__file__).parents[3]
APPS = ("formplatform", "analytics", "caching", "integrations", "reporting", "plugins")
ANSWER = "I voted for the other one"


def record(message="stored", *, name="formplatform.forms", args=(), error=None, **extra):
    made = logging.makeLogRecord(
        {"name": name, "msg": message, "args": args, "levelname": "INFO", "created": 1767225600.5}
    )
    if error is not None:
        made.exc_info = (type(error), error, error.__traceback__)
    made.__dict__.update(extra)
    return made


def raised(error, *, because=None):
    try:
        raise error from because
    except type(error) as caught:
        return caught


def as_json(made):
    return json.loads(JsonLineFormatter().format(made))


def test_a_json_line_has_the_time_the_level_the_logger_and_the_message():
    assert as_json(record(form_id="f1", status=200)) == {
        "time": "2026-01-01T00:00:00.500000+00:00",
        "level": "INFO",
        "logger": "formplatform.forms",
        "message": "stored",
        "form_id": "f1",
        "status": 200,
    }


def test_a_line_for_people_reads_from_left_to_right():
    line = LineFormatter().format(record(form_id="f1", status=200))
    assert line == "00:00:00.500 INFO formplatform.forms stored form_id=f1 status=200"


@pytest.fixture(params=[LineFormatter, JsonLineFormatter], ids=["line", "json"])
def formatter(request):
    return request.param()


def test_what_is_not_on_the_list_is_left_out(formatter):
    line = formatter.format(record(form_id="f1", data={"vote": ANSWER}, password="hush"))

    assert "f1" in line
    assert ANSWER not in line
    assert "hush" not in line


def test_a_database_that_quotes_the_row_is_not_repeated(formatter):
    error = raised(IntegrityError(f"Failing row contains ({ANSWER})"))

    line = formatter.format(record("failed", error=error))

    assert ANSWER not in line
    assert "IntegrityError" in line
    assert Path(__file__).name in line, "where it happened is said"


def test_the_cause_is_named_without_its_words(formatter):
    error = raised(UnavailableError("The store is down."), because=raised(ValueError(ANSWER)))

    line = formatter.format(record("failed", error=error))

    assert ANSWER not in line
    assert "ValueError" in line
    assert "UnavailableError: The store is down." in line


def test_an_error_among_the_extras_is_described_by_the_same_rule(formatter):
    line = formatter.format(record("failed", error=ValueError(ANSWER)))
    assert ANSWER not in line
    assert "ValueError" in line
    said = formatter.format(record("failed", error=ConnectionRefusedError(111, "No")))
    assert "ConnectionRefusedError: [Errno 111] No" in said


def test_the_error_celery_writes_into_its_message_is_taken_out(formatter):
    error = raised(ValueError(ANSWER))
    told = {"name": "forms.x", "id": "t1", "description": "raised unexpected",
            "exc": repr(error), "traceback": f"…{ANSWER}", "args": ANSWER}  # fmt: skip
    message = "Task %(name)s[%(id)s] %(description)s: %(exc)s\n%(traceback)s"

    line = formatter.format(record(message, name="celery.app.trace", args=told, error=error))

    assert ANSWER not in line
    assert "Task forms.x[t1] raised unexpected: ValueError" in line


def test_a_cause_its_author_has_hidden_stays_hidden(formatter):
    error = raised(LookupError(ANSWER), because=None)
    error.__context__ = raised(KeyError(ANSWER))

    assert error.__suppress_context__
    assert "KeyError" not in formatter.format(record("failed", error=error))


def test_the_context_names_the_request_and_the_task():
    request, task = logs.request_id.set("r-1"), logs.task_id.set("t-1")
    try:
        found = as_json(record())
    finally:
        logs.request_id.reset(request)
        logs.task_id.reset(task)

    assert (found["request_id"], found["task_id"]) == ("r-1", "t-1")
    assert "request_id" not in as_json(record())


def extras(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "extra"
            and isinstance(node.value, ast.Dict)
        ):
            yield from (key.value for key in node.value.keys if isinstance(key, ast.Constant))


def test_every_extra_our_code_writes_is_on_the_list():
    written = {key for app in APPS for path in (ROOT / app).rglob("*.py") for key in extras(path)}
    assert written - SHOWN == set()
    assert len(written) > 5
