"""What `boot.py soak webhooks` does for minutes, for half a minute."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_stores import brings_stores

PROJECT = Path(__file__).parents[2]


@pytest.fixture
@brings_stores
def soak_webhooks():
    def run(*options):
        command = [sys.executable, "-m", "tests.soak.soak_webhooks", *options]
        return subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@pytest.mark.processes
def test_every_healthy_endpoint_gets_every_event_whoever_dies(soak_webhooks):
    finished = soak_webhooks("--events", "500", "--misfortunes", "5", "--seed", "3")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    verdicts = re.findall(r" expected .*  (ok|WRONG)$", finished.stdout, re.MULTILINE)
    assert verdicts == ["ok"] * 59
    assert re.search(r"^\w+ killed +[1-9]", finished.stdout, re.MULTILINE)
