"""The parent's side of `dying_platform`: has processes of the platform act, and die."""

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

from formplatform.forms.storage.registry import get_store

ROOT = Path(__file__).parents[2]


class Platform:
    """Forks of one process that has everything imported."""

    def __init__(self, **variables):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.dying_platform"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "tests.queued_settings",
                **variables,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        on_stores = self._process.stdout.readline().split()
        assert on_stores == [get_store().name, connection.vendor]

    def run(self, act, *, step="", form_id=""):
        """How it ended: 0, or minus the signal."""
        print(act, step, form_id, sep="|", file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def database_url():
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{place['NAME']}"
    login = f"{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT'] or 5432}"
    return f"postgres://{login}/{place['NAME']}"
