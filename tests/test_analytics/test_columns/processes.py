"""Processes at the columns of a test: see tests/fakes/dying_columns.py."""

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

PROJECT = Path(__file__).parents[3]


def database_url():
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    login = f"{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
    return f"postgres://{login}/{found['NAME']}"


class Process:
    def __init__(self, root):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.dying_columns", str(root)],
            cwd=PROJECT,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "formplatform.settings.test",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, action, form_id, number=0):
        self._process.stdin.write(f"{action} {form_id} {number}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def end(self):
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
