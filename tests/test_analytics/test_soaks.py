"""What `boot.py soak numbers` does for a quarter of an hour, for some seconds."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from formplatform.forms.events import ResponseSubmitted
from tests.own_stores import brings_stores
from tests.soak import workers

PROJECT = Path(__file__).parents[2]


@pytest.fixture
@brings_stores
def soak_numbers():
    def run(*options):
        command = [sys.executable, "-m", "tests.soak.soak_numbers", *options]
        return subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.mark.processes
def test_numbers_stay_exact_through_reordering_repetition_and_killed_workers(soak_numbers):
    finished = soak_numbers("--operations", "600", "--kills", "2", "--seed", "3")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    facts = re.findall(r"^(\S.*?)  .*expected .*  (ok|WRONG)$", finished.stdout, re.MULTILINE)
    assert [name for name, verdict in facts if verdict == "ok"] == [
        "operations",
        "workers killed",
        "responses counted",
        "a recount by other code",
        "verified key by key",
        "keys that differ",
        *(f"{what}{fact}" for what in BROKEN for fact in AFTER),
        "a recount by other code, again",
    ]
    assert re.search(r"^batches delivered again +[1-9]", finished.stdout, re.MULTILINE)


BROKEN = ("a day", "a hash", "a quarter-hour")
AFTER = (": corrupted", ": named", ": remedy", ": repaired")


@pytest.mark.processes
def test_a_worker_that_ends_by_itself_ends_the_run(monkeypatch):
    monkeypatch.setattr(workers, "WORKER", [sys.executable, "-c", "input(); raise SystemExit(3)"])
    broken = workers.Workers(2, random.Random(1))
    event = ResponseSubmitted(
        id="evt_1", occurred_at="", form_id="f", response_id="r", revision=1, version=1
    )
    broken.deliver([event])
    with pytest.raises(workers.BrokenWorkerError):
        broken.finish()
