"""A worker killed with -9 in the middle of writing a file."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection

from formplatform.core.clock import now
from reporting.models import ReportRun, RunState
from reporting.scheduler import runs
from reporting.scheduler.schedules import queue_run
from reporting.scheduler.tasks import sweep_reports

pytestmark = pytest.mark.processes

WORKER = """
import os, sys, time
import django
django.setup()
from django.conf import settings
from pathlib import Path
settings.REPORT_STORAGE_PATH = Path(sys.argv[2])
from reporting.scheduler import runs

def stop_here(_):
    print("half written", flush=True)
    time.sleep(60)

os.fsync = stop_here
runs.execute(int(sys.argv[1]))
"""


def database_url():
    """The test's own database, for another process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    login = f"{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
    return f"postgres://{login}/{found['NAME']}"


@pytest.fixture
def worker(filed):
    """Starts a process that makes a report and stops in the middle of writing it."""
    started = []

    def start(run):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "formplatform.settings.test",
            "DATABASE_URL": database_url(),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(run.pk), str(filed)],
            env=environment,
            cwd=django_settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "half written\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(60)
        process.stdout.close()


@pytest.mark.django_db(transaction=True)
def test_a_report_whose_worker_was_killed_is_made_once_more_and_never_half(
    transactional_db, worker, form, owner, files
):
    run = queue_run(form_id=form.id, title="T", definition={}, user_id=owner.pk)
    process = worker(run)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(60)

    run.refresh_from_db()
    assert (run.state, run.file) == (RunState.RUNNING, "")
    assert [name for name in files() if name.endswith(".pdf")] == []
    sweep_reports()
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.RUNNING, 1)  # the lease still holds

    ReportRun.objects.update(lease_until=now() - timedelta(seconds=1))
    sweep_reports()
    sweep_reports()

    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.SUCCEEDED, 2)
    assert [name for name in files() if name.endswith(".pdf")] == [f"report-{run.pk}-2.pdf"]
    assert runs.takeable_ids() == []
