import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection

from formplatform.core import events
from formplatform.core.clock import now
from formplatform.core.errors import UnavailableError
from formplatform.core.events import deliver, subscribe
from formplatform.forms.access import unshare_form
from formplatform.forms.catalog import delete_form
from reporting.events import ReportCompleted
from reporting.models import ReportRun, RunState
from reporting.scheduler import runs
from reporting.scheduler.schedules import queue_run
from reporting.scheduler.sweep import sweep, tidy


@pytest.fixture(autouse=True)
def heard(monkeypatch):
    """The events a subscriber of this test got."""
    monkeypatch.setattr(events, "_subscribers", dict(events._subscribers))
    found = []
    subscribe(ReportCompleted, name="tests.hear_reports")(found.extend)
    return found


@pytest.fixture
def run(form, owner):
    return queue_run(form_id=form.id, title="T", definition={}, user_id=owner.pk)


def state_of(run):
    run.refresh_from_db()
    return run.state


def lapse(run):
    """The worker has been silent for longer than its lease."""
    ReportRun.objects.filter(pk=run.pk).update(lease_until=now() - timedelta(seconds=1))


def test_a_run_is_made_filed_and_told_of(run, files, heard):
    runs.execute(run.pk)

    assert state_of(run) == RunState.SUCCEEDED
    assert files() == [f"report-{run.pk}-1.pdf"]
    assert run.finished_at is not None
    assert run.announced_at is not None
    assert [(e.id, e.report_id, e.schedule_id) for e in heard] == [
        (f"evt_report_{run.pk}", run.pk, None)
    ]


def test_a_run_is_made_once_however_often_it_is_asked_for(run, files, heard):
    for _ in range(3):
        runs.execute(run.pk)

    assert (state_of(run), run.attempts) == (RunState.SUCCEEDED, 1)
    assert (len(files()), len(heard)) == (1, 1)


def test_a_run_that_does_not_exist_is_nothing(database):
    runs.execute(10**9)


def test_a_run_belongs_to_one_worker(run):
    assert runs.claim(run.pk) is not None
    assert runs.claim(run.pk) is None
    assert runs.takeable_ids() == []


def test_a_run_of_a_dead_worker_is_taken_over(run, files):
    runs.claim(run.pk)
    lapse(run)

    assert sweep() == [run.pk]
    runs.execute(run.pk)

    assert (state_of(run), run.attempts) == (RunState.SUCCEEDED, 2)
    assert files() == [f"report-{run.pk}-2.pdf"]


def test_a_slow_worker_that_was_taken_over_leaves_nothing(run, files, monkeypatch, heard):
    render = runs.render_run

    def slow(claimed):
        document = render(claimed)
        if claimed.attempts == 1:
            lapse(run)
            runs.execute(run.pk)
        return document

    monkeypatch.setattr(runs, "render_run", slow)
    runs.execute(run.pk)

    assert (state_of(run), run.attempts) == (RunState.SUCCEEDED, 2)
    assert files() == [f"report-{run.pk}-2.pdf"]
    assert len(heard) == 1


def test_a_run_whose_workers_always_die_fails_in_the_end(run, files):
    for _ in range(runs.MOST_ATTEMPTS):
        assert runs.claim(run.pk) is not None
        lapse(run)

    assert sweep() == []

    assert (state_of(run), run.error_code) == (RunState.FAILED, "abandoned")
    assert runs.claim(run.pk) is None
    assert files() == []


def test_an_outage_is_waited_out(run, files, monkeypatch):
    def refuse(_):
        raise UnavailableError("Redis does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "render_run", refuse)
        runs.execute(run.pk)
    assert (state_of(run), run.error) == (RunState.QUEUED, "Redis does not answer.")
    assert run.not_before > now() + timedelta(seconds=25)
    runs.execute(run.pk)
    assert (state_of(run), run.attempts) == (RunState.QUEUED, 1)

    ReportRun.objects.filter(pk=run.pk).update(not_before=now())
    runs.execute(run.pk)

    assert (state_of(run), run.attempts, run.error) == (RunState.SUCCEEDED, 2, "")


def test_a_surprise_is_recorded_without_its_details(run, files, monkeypatch, heard):
    def surprise(_):
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(runs, "render_run", surprise)
    runs.execute(run.pk)

    assert state_of(run) == RunState.FAILED
    assert (run.error_code, run.error) == ("internal_error", "ZeroDivisionError")
    assert (files(), heard) == ([], [])


def test_a_report_is_only_for_eyes_that_may_still_see_the_form(form, files):
    viewer = User.objects.create_user("viewer")
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=viewer.pk)
    unshare_form(form, user_id=viewer.pk)

    runs.execute(run.pk)

    assert (state_of(run), run.error_code, files()) == (RunState.FAILED, "not_found", [])


def _deactivate(user):
    user.is_active = False
    user.save()


@pytest.mark.parametrize("leave", [lambda user: user.delete(), _deactivate])
def test_a_report_for_somebody_who_left_is_not_made(form, files, leave):
    user = User.objects.create_user("leaver", is_staff=True)
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=user.pk)
    leave(user)

    runs.execute(run.pk)

    assert (state_of(run), run.error_code, files()) == (RunState.FAILED, "not_found", [])


def test_a_deleted_form_fails_its_reports(run, form, files):
    delete_form(form)
    runs.execute(run.pk)

    assert (state_of(run), run.error_code, files()) == (RunState.FAILED, "not_found", [])


def test_a_full_disk_is_tried_again(run, filed, monkeypatch):
    filed.mkdir(parents=True)
    monkeypatch.setattr("os.fsync", _no_space)

    runs.execute(run.pk)

    assert (state_of(run), run.error_code) == (RunState.QUEUED, "unavailable")
    assert run.file == ""


def _no_space(_):
    raise OSError(28, "No space left on device")


def test_what_was_filed_but_not_told_is_told_later(run, monkeypatch, heard):
    with monkeypatch.context() as patched:
        patched.setattr(runs, "publish", _broker_down)
        with pytest.raises(ConnectionError):
            runs.execute(run.pk)
    assert state_of(run) == RunState.SUCCEEDED
    sweep()
    assert heard == []  # it is only on its way

    ReportRun.objects.update(finished_at=now() - timedelta(minutes=1))
    sweep()
    sweep()

    assert [event.id for event in heard] == [f"evt_report_{run.pk}"]


def _broker_down(_):
    raise ConnectionError("no broker")


def test_old_reports_go_with_their_files(run, files, settings):
    runs.execute(run.pk)
    tidy()
    assert len(files()) == 1

    old = now() - timedelta(days=settings.REPORT_RETENTION_DAYS, seconds=1)
    ReportRun.objects.update(finished_at=old)
    tidy()

    assert (ReportRun.objects.count(), files()) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_the_run(transactional_db, form, owner, files):
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=owner.pk)
    gate, taken = threading.Barrier(6), []

    def work():
        gate.wait(60)
        taken.append(runs.claim(run.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len([claimed for claimed in taken if claimed is not None]) == 1
    run.refresh_from_db()
    assert run.attempts == 1


def test_the_event_carries_ids_and_no_answers(heard):
    event = ReportCompleted(
        id="evt_report_1", occurred_at="x", form_id="f", report_id=1, schedule_id=None
    )

    deliver("tests.hear_reports", [event.payload()])

    assert heard == [event]
    assert set(event.payload()) == {
        *("event", "id", "occurred_at", "form_id", "report_id", "schedule_id"),
    }
