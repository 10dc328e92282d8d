"""The demonstration, as a newcomer runs it, and proof that its checks can fail."""

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from formplatform.demo.checks import checks_of
from formplatform.demo.client import Client
from formplatform.demo.receiver import Receiver
from formplatform.demo.steps import Demonstration, Findings
from formplatform.demo.study import DATA, load_study
from formplatform.demo.summary import check_lines

ROOT = Path(__file__).parents[2]


@pytest.mark.processes
def test_the_demonstration_agrees_with_the_file_number_by_number(tmp_path):
    environment = {
        **os.environ,
        "DATA_DIRECTORY": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "formplatform.settings.local",
        "MONGO_URL": "",
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }

    finished = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert "944 respondents" in finished.stdout
    assert "23 of 23 numbers agree with the file" in finished.stdout
    assert (tmp_path / "data" / "demo" / "report.pdf").read_bytes().startswith(b"%PDF-")


@pytest.fixture
def run(tmp_path):
    """A run whose every number is right."""
    study = load_study()
    labels = {
        name: {label: label for label in study.distribution(name)} for name in ("education", "vote")
    }
    with Receiver() as receiver:
        found = Demonstration(study, Client("127.0.0.1", 1, "x"), receiver, tmp_path, labels=labels)
        ids = {f"{n:024x}" for n in range(len(study.answers))}
        found.submitted = ids
        receiver.messages = {f"evt_{i}": {"data": {"response_id": i}} for i in ids}
        found.findings = Findings(
            stored=944,
            total=944,
            per_day=944,
            votes=study.distribution("vote"),
            cross_tab=study.cross_tab(),
            mean_age=study.mean("age"),
        )
        yield found


def test_right_numbers_pass(run):
    assert check_lines(list(checks_of(run))) == ["  23 of 23 numbers agree with the file"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"stored": 943},
        {"total": 945},
        {"per_day": 0},
        {"votes": {"Clinton": 552, "Dole": 392}},
        {"cross_tab": {}},
        {"mean_age": 47.05},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_any_wrong_number_is_found(run, wrong):
    run.findings = replace(run.findings, **wrong)

    assert any(not check.holds for check in checks_of(run))


def test_a_missing_or_strange_webhook_is_found(run):
    first = next(iter(run.receiver.messages))
    run.receiver.messages[first] = {"data": {"response_id": "f" * 24}}
    assert any(not check.holds for check in checks_of(run))

    del run.receiver.messages[first]
    assert any(not check.holds for check in checks_of(run))


def test_a_changed_file_changes_what_is_expected(tmp_path, monkeypatch):
    for file in DATA.iterdir():
        shutil.copy(file, tmp_path)
    with (tmp_path / "anes96.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    with (tmp_path / "anes96.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows[:-1])
    monkeypatch.setattr("formplatform.demo.study.DATA", tmp_path)

    assert len(load_study().answers) == 943
