import hashlib
from io import BytesIO

import pypdf
import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from formplatform.core.api_keys import create_key
from formplatform.forms.access import Role, share_form
from formplatform.forms.ids import new_id
from reporting.models import ReportRun, ScheduledReport

CONTENT = {"chart_field": "party", "rows": "education", "columns": "vote"}


def with_key(user, *scopes, form_ids=None):
    _, text = create_key(user, name="k", scopes=scopes, form_ids=form_ids)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def problem(answer):
    body = answer.json()
    errors = [(error["field"], error["code"]) for error in body.get("errors", [])]
    return answer.status_code, body["code"], errors


def status_of(answer):
    """Of an answer that is a file: read to its end, it closes itself."""
    list(answer.streaming_content)
    return answer.status_code


def test_a_report_is_asked_for_made_and_downloaded(client, form):
    asked = client.post("/api/v2/reports/", {"form_id": form.id, **CONTENT})
    assert asked.status_code == 201

    found = client.get(f"/api/v2/reports/{asked.json()['id']}/").json()
    assert (found["state"], found["attempts"], found["schedule_id"]) == ("succeeded", 1, None)
    assert found["title"] == form.title

    download = client.get(f"/api/v2/reports/{found['id']}/download/")
    content = b"".join(download.streaming_content)
    assert download["Content-Type"] == "application/pdf"
    assert download["Content-Disposition"] == f'attachment; filename="report-{found["id"]}.pdf"'
    assert (len(content), hashlib.sha256(content).hexdigest()) == (found["size"], found["sha256"])
    assert len(pypdf.PdfReader(BytesIO(content)).pages) == 1


def test_a_form_id_alone_is_enough(client, form):
    asked = client.post("/api/v2/reports/", {"form_id": form.id})

    assert asked.json()["definition"]["chart_field"] == "self_placement"
    assert ReportRun.objects.get().state == "succeeded"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("form_id", "required")]),
        ({"form_id": "x"}, [("form_id", "invalid_id")]),
        ({"form_id": {"$gt": ""}}, [("form_id", "invalid")]),
        ({"chart_field": "age"}, [("chart_field", "wrong_type")]),
        ({"chart_field": "a\x00b"}, [("chart_field", "null_characters_not_allowed")]),
        ({"rows": "education"}, [("columns", "required")]),
        ({"timezone": "Mars/North"}, [("timezone", "unknown_timezone")]),
        ({"title": "x" * 201}, [("title", "max_length")]),
    ],
)
def test_a_wrong_request_is_refused_and_nothing_is_made(client, form, files, body, errors):
    given = body if "form_id" in body or not body else {"form_id": form.id, **body}

    assert problem(client.post("/api/v2/reports/", given)) == (400, "invalid_input", errors)

    assert (ReportRun.objects.count(), files()) == (0, [])


def test_a_form_one_may_not_see_is_not_there(stranger, form):
    assert stranger.post("/api/v2/reports/", {"form_id": form.id}).status_code == 404
    assert stranger.post("/api/v2/reports/", {"form_id": new_id()}).status_code == 404
    assert stranger.get(f"/api/v2/reports/?form_id={form.id}").status_code == 404
    assert ReportRun.objects.count() == 0


def test_a_report_of_a_form_one_may_not_see_is_not_there(client, stranger, form):
    report = client.post("/api/v2/reports/", {"form_id": form.id}).json()["id"]

    for path in (f"{report}/", f"{report}/download/", "0/", f"{10**30}/"):
        assert stranger.get(f"/api/v2/reports/{path}").status_code == 404
    assert stranger.get("/api/v2/reports/").json()["results"] == []


def test_who_may_view_the_form_may_read_its_reports(client, form):
    report = client.post("/api/v2/reports/", {"form_id": form.id}).json()["id"]
    viewer = User.objects.create_user("viewer")
    share_form(form, user_id=viewer.pk, role=Role.VIEWER)
    theirs = APIClient()
    theirs.force_authenticate(viewer)

    assert theirs.get("/api/v2/reports/").json()["count"] == 0
    assert theirs.get(f"/api/v2/reports/?form_id={form.id}").json()["count"] == 1
    assert status_of(theirs.get(f"/api/v2/reports/{report}/download/")) == 200


def test_nobody_gets_anything_without_signing_in():
    for path in ("reports/", "reports/1/", "reports/1/download/", "schedules/", "schedules/1/"):
        assert APIClient().get(f"/api/v2/{path}").status_code == 401


def test_a_key_needs_the_scope(owner, form):
    reader = with_key(owner, "reports:read")
    writer = with_key(owner, "reports:write")
    other = with_key(owner, "forms:read", "analytics:read")

    assert reader.post("/api/v2/reports/", {"form_id": form.id}).status_code == 403
    assert other.get("/api/v2/reports/").status_code == 403
    report = writer.post("/api/v2/reports/", {"form_id": form.id}).json()["id"]
    assert status_of(reader.get(f"/api/v2/reports/{report}/download/")) == 200
    assert other.get(f"/api/v2/reports/{report}/").status_code == 403


def test_a_key_of_one_form_sees_no_other(owner, form, client):
    report = client.post("/api/v2/reports/", {"form_id": form.id}).json()["id"]
    narrow = with_key(owner, "reports:read", "reports:write", form_ids=[new_id()])

    assert narrow.get("/api/v2/reports/").json()["count"] == 0
    assert narrow.get(f"/api/v2/reports/{report}/").status_code == 404
    assert narrow.post("/api/v2/reports/", {"form_id": form.id}).status_code == 404


def test_a_failed_report_says_why(client, form, settings, files):
    settings.REPORT_MAX_FILE_SIZE = 1000
    report = client.post("/api/v2/reports/", {"form_id": form.id}).json()

    assert (report["state"], report["error_code"]) == ("failed", "too_large")
    assert "REPORT_MAX_FILE_SIZE allows 1,000" in report["error"]
    assert problem(client.get(f"/api/v2/reports/{report['id']}/download/"))[:2] == (409, "conflict")
    assert files() == []


def test_a_report_whose_file_is_gone_is_404(client, form, filed):
    report = client.post("/api/v2/reports/", {"form_id": form.id}).json()["id"]
    (filed / ReportRun.objects.get().file).unlink()

    assert client.get(f"/api/v2/reports/{report}/download/").status_code == 404


CRON = {"cadence": "cron", "cron": "0 8 * * mon", "timezone": "Europe/Berlin", "title": "Weekly"}


def test_a_schedule_is_made_changed_and_removed(client, form, owner, time_machine):
    time_machine.move_to("2026-11-23T10:00:00Z", tick=False)
    made = client.post("/api/v2/schedules/", {"form_id": form.id, **CONTENT, **CRON})
    assert made.status_code == 201, made.json()
    schedule = made.json()
    assert schedule["next_due_at"] == "2026-11-30T07:00:00Z"
    assert (schedule["owner_id"], schedule["enabled"]) == (owner.pk, True)
    assert schedule["definition"]["rows"] == "education"

    path = f"/api/v2/schedules/{schedule['id']}/"
    changed = client.patch(path, {"cron": "30 9 * * *"}).json()
    assert changed["next_due_at"] == "2026-11-24T08:30:00Z"
    assert changed["definition"] == schedule["definition"]
    assert changed["title"] == "Weekly"

    retitled = client.patch(path, {"title": "Daily", "chart_field": "vote"}).json()
    assert (retitled["title"], retitled["next_due_at"]) == ("Daily", changed["next_due_at"])
    assert retitled["definition"]["chart_field"] == "vote"

    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"cadence": "hourly"}, [("cadence", "invalid_choice")]),
        ({"cron": "0 25 * * *"}, [("cron", "invalid_cron")]),
        ({"cron": ""}, [("cron", "invalid_cron")]),
        ({"cadence": "interval"}, [("interval_seconds", "too_short")]),
        ({"cadence": "interval", "interval_seconds": 59}, [("interval_seconds", "too_short")]),
        ({"cadence": "interval", "interval_seconds": 10**12}, [("interval_seconds", "max_value")]),
        ({"timezone": "Nowhere"}, [("timezone", "unknown_timezone")]),
        ({"rows": "vote"}, [("columns", "required")]),
        ({"first_due_at": "soon"}, [("first_due_at", "invalid")]),
    ],
)
def test_a_wrong_schedule_is_refused_and_none_is_made(client, form, values, errors):
    body = {"form_id": form.id, **CRON, **values}

    assert problem(client.post("/api/v2/schedules/", body)) == (400, "invalid_input", errors)

    assert ScheduledReport.objects.count() == 0


def test_a_wrong_change_changes_nothing(client, form):
    made = client.post("/api/v2/schedules/", {"form_id": form.id, **CRON}).json()
    path = f"/api/v2/schedules/{made['id']}/"

    assert client.patch(path, {"title": "New", "cron": "x"}).status_code == 400

    assert client.get(path).json() == made


def test_a_schedule_of_somebody_else_is_not_there(client, stranger, form):
    made = client.post("/api/v2/schedules/", {"form_id": form.id, **CRON}).json()
    path = f"/api/v2/schedules/{made['id']}/"

    assert stranger.get("/api/v2/schedules/").json()["results"] == []
    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, {"title": "Mine"}).status_code == 404
    assert stranger.delete(path).status_code == 404
    assert stranger.post(f"{path}run/").status_code == 404
    assert client.get(path).json() == made


def test_a_schedule_runs_now_besides_its_turns(client, form):
    made = client.post("/api/v2/schedules/", {"form_id": form.id, **CRON}).json()

    report = client.post(f"/api/v2/schedules/{made['id']}/run/").json()

    assert (report["state"], report["schedule_id"], report["due_at"]) == (
        "succeeded",
        made["id"],
        None,
    )
    assert report["title"] == "Weekly"
    assert client.get(f"/api/v2/schedules/{made['id']}/").json() == made


def test_one_person_has_a_limited_number_of_schedules(client, form, monkeypatch):
    monkeypatch.setattr("reporting.scheduler.planning.MOST_SCHEDULES", 1)
    body = {"form_id": form.id, **CRON}

    assert client.post("/api/v2/schedules/", body).status_code == 201
    assert problem(client.post("/api/v2/schedules/", body))[:2] == (409, "conflict")
    assert ScheduledReport.objects.count() == 1
