import threading
from datetime import timedelta

import pytest
from django.db import connection
from kombu.exceptions import OperationalError

from formplatform.core.clock import now
from reporting.models import Cadence, ReportRun, RunState, ScheduledReport
from reporting.scheduler.planning import create_schedule
from reporting.scheduler.schedules import claim_due, run_now
from reporting.scheduler.tasks import make_report, request_report, sweep_reports

MINUTE = timedelta(minutes=1)


@pytest.fixture
def make(form, owner):
    def make(**values):
        return create_schedule(form, {"cadence": Cadence.ONCE, **values}, owner_id=owner.pk)

    return make


def runs_of(schedule):
    return list(schedule.runs.order_by("pk"))


def test_a_schedule_that_runs_once_files_one_pdf(make, files):
    schedule = make(title="Just once")

    sweep_reports()
    sweep_reports()

    (run,) = runs_of(schedule)
    assert (run.state, run.title, run.attempts) == (RunState.SUCCEEDED, "Just once", 1)
    assert files() == [f"report-{run.pk}-1.pdf"]
    schedule.refresh_from_db()
    assert schedule.next_due_at is None


def test_a_schedule_waits_for_its_turn(make, files):
    schedule = make(first_due_at=now() + MINUTE)

    sweep_reports()

    assert (runs_of(schedule), files()) == ([], [])


def test_a_disabled_schedule_does_not_run(make):
    schedule = make(enabled=False)

    assert claim_due() == []
    assert runs_of(schedule) == []


def test_a_turn_is_the_run_s_due_time_and_the_next_follows_the_cadence(make):
    first = now() - timedelta(seconds=10)
    schedule = make(cadence=Cadence.INTERVAL, interval_seconds=3600, first_due_at=first)

    claim_due()

    (run,) = runs_of(schedule)
    schedule.refresh_from_db()
    assert run.due_at == first
    assert schedule.next_due_at == first + timedelta(hours=1)


def test_turns_missed_while_nobody_swept_come_as_one_run(make):
    first = now() - timedelta(hours=5, minutes=30)
    schedule = make(cadence=Cadence.INTERVAL, interval_seconds=3600, first_due_at=first)

    claim_due()
    claim_due()

    assert [run.due_at for run in runs_of(schedule)] == [first]
    schedule.refresh_from_db()
    assert schedule.next_due_at == first + timedelta(hours=6)


def test_a_turn_that_has_its_run_gets_no_second_one(make):
    schedule = make()
    turn = schedule.next_due_at
    claim_due()
    ScheduledReport.objects.filter(pk=schedule.pk).update(next_due_at=turn)  # set back by hand

    assert claim_due() == []

    assert len(runs_of(schedule)) == 1
    schedule.refresh_from_db()
    assert schedule.next_due_at is None


def test_a_crash_between_turn_and_run_loses_neither(make, monkeypatch):
    from reporting.scheduler import schedules

    schedule = make()
    turn = schedule.next_due_at

    def crash(**_):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(schedules, "queue_run", crash)
        with pytest.raises(MemoryError):
            claim_due()
    schedule.refresh_from_db()
    assert schedule.next_due_at == turn

    claim_due()

    assert len(runs_of(schedule)) == 1


def test_a_deleted_schedule_leaves_its_reports(make):
    schedule = make()
    sweep_reports()
    schedule.delete()

    assert ReportRun.objects.get().state == RunState.SUCCEEDED


@pytest.mark.django_db(transaction=True)
def test_of_many_sweepers_one_claims_a_turn(transactional_db, make):
    schedules = [make(title=f"S{n}") for n in range(4)]
    gate, claimed = threading.Barrier(5), []

    def sweep():
        gate.wait(60)
        claimed.extend(claim_due())
        connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(claimed) == len(set(claimed)) == len(schedules)
    assert [len(runs_of(schedule)) for schedule in schedules] == [1, 1, 1, 1]


def test_nothing_is_made_while_reports_are_switched_off(make, files, settings):
    schedule = make()
    settings.FEATURES = {**settings.FEATURES, "ENABLE_PDF_REPORTS": False}

    sweep_reports()

    assert (runs_of(schedule), files()) == ([], [])


def test_a_report_asked_for_without_a_broker_waits_for_the_sweep(make, files, monkeypatch):
    def refuse(_):
        raise OperationalError

    schedule = make(enabled=False)
    with monkeypatch.context() as patched:
        patched.setattr(make_report, "delay", refuse)
        run = run_now(schedule, user_id=schedule.owner_id)
        request_report(run.pk)
    assert files() == []

    sweep_reports()

    assert files() == [f"report-{run.pk}-1.pdf"]
