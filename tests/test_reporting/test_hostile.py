"""Bodies nobody sane would send: refused with a 4xx, nothing stored, never a 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from reporting.models import ReportRun, ScheduledReport

HOSTILE = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1.5, 10**20, "", " ", "\x00", "a\x00b", "é" * 300, "x" * 5000),
        *("$where", {"$gt": ""}, {"$where": "1"}, [], [[]], {}, "__proto__", "constructor"),
        *("../../etc/passwd", "{{ 7 }}", "<script>", "\u202e", "0001-01-01T00:00:00+14:00"),
        *(
            "9999-12-31T23:59:59-14:00",
            "2026-13-45",
            "party",
            "education",
            "vote",
            "UTC",
            "localtime",
        ),
        *("Europe/Berlin", "posixrules", "* * * * *", "*/0 * * * *", "0 0 30 2 *", "cron", "once"),
        *("interval", "9" * 40, "factory"),
    ]
)
NAMES = st.sampled_from(
    [
        *("title", "chart_field", "rows", "columns", "timezone", "cadence", "cron"),
        *(
            "interval_seconds",
            "first_due_at",
            "enabled",
            "form_id",
            "owner_id",
            "state",
            "__class__",
        ),
    ]
)
BODIES = st.dictionaries(NAMES, HOSTILE, max_size=8)


@pytest.fixture
def quietly(monkeypatch):
    """Nothing is made: this is about the door."""
    monkeypatch.setattr("reporting.api.reports.request_report", lambda _: None)


def fuzz(check):
    given(BODIES)(
        settings(
            max_examples=150,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )(check)
    )()


def send(call, path, body):
    return call(path, json.dumps(body), content_type="application/json")


def test_a_report_is_never_a_server_error(client, form, quietly):
    def check(body):
        before = ReportRun.objects.count()
        answer = send(client.post, "/api/v2/reports/", {"form_id": form.id, **body})
        made = ReportRun.objects.count() - before
        assert (answer.status_code, made) in {(201, 1), (400, 0), (404, 0)}, answer.content

    fuzz(check)


def test_a_schedule_is_never_a_server_error(client, form, quietly):
    def check(body):
        before = ScheduledReport.objects.count()
        values = {"form_id": form.id, "cadence": "once", **body}
        answer = send(client.post, "/api/v2/schedules/", values)
        made = ScheduledReport.objects.count() - before
        assert (answer.status_code, made) in {(201, 1), (400, 0), (404, 0)}, answer.content
        if made:
            assert client.delete(f"/api/v2/schedules/{answer.json()['id']}/").status_code == 204

    fuzz(check)


def test_a_change_is_never_a_server_error(client, form, quietly):
    made = send(client.post, "/api/v2/schedules/", {"form_id": form.id, "cadence": "once"}).json()
    path = f"/api/v2/schedules/{made['id']}/"

    def check(body):
        before = client.get(path).json()
        answer = send(client.patch, path, body)
        assert answer.status_code in {200, 400}, answer.content
        if answer.status_code == 400:
            assert client.get(path).json() == before

    fuzz(check)


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"form_id": NaN}', '"\\ud800"', "\x00"])
@pytest.mark.parametrize("path", ["reports/", "schedules/"])
def test_what_is_no_object_is_refused(client, form, path, body):
    answer = client.post(f"/api/v2/{path}", body, content_type="application/json")

    assert answer.status_code == 400
    assert (ReportRun.objects.count(), ScheduledReport.objects.count()) == (0, 0)
