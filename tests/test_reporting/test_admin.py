import pytest

from reporting.models import ReportRun, RunState, ScheduledReport
from reporting.scheduler import runs
from reporting.scheduler.planning import create_schedule
from reporting.scheduler.schedules import queue_run

LIST = "/admin/reporting/scheduledreport/"


@pytest.fixture
def client(admin_client):
    return admin_client


@pytest.fixture
def schedule(form, owner):
    values = {"title": "Weekly", "cadence": "cron", "cron": "0 8 * * mon"}
    return create_schedule(form, values, owner_id=owner.pk)


def fields_of(schedule, **changes):
    return {
        "title": schedule.title,
        "form_id": schedule.form_id,
        "definition": "{}",
        "owner": schedule.owner_id,
        "enabled": "on",
        "cadence": schedule.cadence,
        "cron": schedule.cron,
        "interval_seconds": "",
        "timezone": schedule.timezone,
        "next_due_at_0": f"{schedule.next_due_at:%Y-%m-%d}",
        "next_due_at_1": f"{schedule.next_due_at:%H:%M:%S}",
        **changes,
    }


def test_the_list_shows_when_and_how_it_went(client, schedule):
    client.post(LIST, {"action": "run_selected", "_selected_action": [schedule.pk]})

    page = client.get(LIST).content.decode()

    assert "0 8 * * mon" in page
    assert "failed" in page or "succeeded" in page


def test_selected_schedules_run_now_for_the_person_who_asks(client, admin_user, schedule):
    answer = client.post(
        LIST, {"action": "run_selected", "_selected_action": [schedule.pk]}, follow=True
    )

    run = ReportRun.objects.get()
    assert (run.schedule, run.requested_by, run.state) == (schedule, admin_user, RunState.SUCCEEDED)
    assert "One report is being made" in answer.content.decode()


def test_a_changed_timing_sets_the_next_turn(client, schedule):
    before = schedule.next_due_at

    answer = client.post(f"{LIST}{schedule.pk}/change/", fields_of(schedule, cron="0 9 * * *"))

    assert answer.status_code == 302
    schedule.refresh_from_db()
    assert schedule.cron == "0 9 * * *"
    assert schedule.next_due_at < before
    assert schedule.next_due_at.hour == 9


def test_a_wrong_timing_is_explained_and_nothing_changes(client, schedule):
    answer = client.post(f"{LIST}{schedule.pk}/change/", fields_of(schedule, cron="0 99 * * *"))

    assert "is outside 0 to 23" in answer.content.decode()
    assert ScheduledReport.objects.get().cron == "0 8 * * mon"


def test_a_report_is_downloaded_from_the_ledger(client, form, admin_user):
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=admin_user.pk)
    waiting = client.get(f"/admin/reporting/reportrun/{run.pk}/download/")
    runs.execute(run.pk)

    answer = client.get(f"/admin/reporting/reportrun/{run.pk}/download/")
    content = b"".join(answer.streaming_content)

    assert waiting.status_code == 404
    assert content.startswith(b"%PDF")
    assert f"{run.pk}/download/" in client.get("/admin/reporting/reportrun/").content.decode()


def test_the_ledger_cannot_be_edited(client, form, owner):
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=owner.pk)

    assert client.get("/admin/reporting/reportrun/add/").status_code == 403
    answer = client.post(f"/admin/reporting/reportrun/{run.pk}/change/", {"state": "succeeded"})
    assert answer.status_code == 403
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


def test_a_clerk_without_the_right_downloads_nothing(django_user_model, form, owner):
    from django.test import Client

    run = queue_run(form_id=form.id, title="T", definition={}, user_id=owner.pk)
    runs.execute(run.pk)
    clerk = Client()
    clerk.force_login(django_user_model.objects.create_user("clerk", is_staff=True))

    assert clerk.get(f"/admin/reporting/reportrun/{run.pk}/download/").status_code == 404


def test_the_first_page_counts_schedules_and_failures(client, schedule, form):
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=None)
    runs.execute(run.pk)

    page = client.get("/admin/").content.decode()

    assert "Failed reports" in page
    assert "/admin/reporting/reportrun/?state__exact=failed" in page


@pytest.mark.parametrize("way", ["one", "selected"])
def test_a_deleted_report_takes_its_file_along(client, form, admin_user, files, way):
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=admin_user.pk)
    runs.execute(run.pk)
    assert len(files()) == 1

    if way == "one":
        client.post(f"/admin/reporting/reportrun/{run.pk}/delete/", {"post": "yes"})
    else:
        body = {"action": "delete_selected", "_selected_action": [run.pk], "post": "yes"}
        client.post("/admin/reporting/reportrun/", body)

    assert (ReportRun.objects.count(), files()) == (0, [])
