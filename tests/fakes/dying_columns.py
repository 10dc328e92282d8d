"""Processes at the columns: forks of one that has everything imported, killed on request.

Reads lines ``<action> <form> <number>`` and answers each with ``killed``, ``done`` or ``refused``.
A fork dies, as by kill -9, before its `number`th operation on a file of the columns; 0 lets it
live. One that churns dies after so many milliseconds, and one on a full disk can write no file that
is longer than so many bytes.
"""

import os
import resource
import signal
import sys
import time
from datetime import timedelta
from itertools import chain

import django
import polars as pl  # noqa: F401 - once, rather than in each fork

django.setup()

from django.conf import settings  # noqa: E402 - after django.setup
from django.core.management import CommandError, call_command  # noqa: E402

from analytics.columns import COLUMNS, compaction, publishing  # noqa: E402
from analytics.columns.folder import all_folders  # noqa: E402
from analytics.columns.schema import build_frame  # noqa: E402
from analytics.fields.form_fields import fields_of_form  # noqa: E402
from formplatform.core import clock  # noqa: E402
from formplatform.core.errors import UnavailableError  # noqa: E402
from formplatform.forms.storage.registry import get_store  # noqa: E402

OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.utime", "shutil.rmtree"}
publishing.WORTH_WRITING = 1


def die_before(number):
    seen = []

    def watch(event, arguments):
        if event in OPERATIONS and str(settings.ANALYTICS_COLUMNS_PATH) in str(arguments[:2]):
            seen.append(event)
            if len(seen) == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def get(form_id):
    COLUMNS.get(form_id, fields_of_form(form_id)).frame.collect()


def compact(form_id):
    for folder in all_folders(form_id):
        compaction.compact(folder)


def remove(form_id):
    for folder in all_folders(form_id):
        folder.remove()


def check(form_id, rounds=15):
    """Answers of many moments: each holds what was committed before it was asked for, once."""
    fields, store = fields_of_form(form_id), get_store()
    for _ in range(rounds):
        COLUMNS.clear()
        stored = {row.id for row in chain.from_iterable(store.scan_responses(form_id))}
        scan = COLUMNS.get(form_id, fields)
        found = scan.frame.collect()
        assert len(set(found["id"])) == found.height == scan.rows
        assert stored <= set(found["id"])
        assert clock.now() - scan.as_of < timedelta(seconds=5)


def get_on_a_full_disk(form_id):
    """Whoever gets an answer gets the right one."""
    fields = fields_of_form(form_id)
    found = COLUMNS.get(form_id, fields).frame.sort("id").collect()
    assert found.equals(build_frame(form_id, fields))


def compact_on_a_full_disk(form_id):
    call_command("compact_columns", form_id)


def churn(form_id):
    while True:
        COLUMNS.clear()
        get(form_id)
        compact(form_id)


REFUSED = 3
ACTIONS = {"get": get, "compact": compact, "remove": remove, "check": check}
FULL = {"get-full": get_on_a_full_disk, "compact-full": compact_on_a_full_disk}
OUTCOMES = {0: "done", REFUSED: "refused", -signal.SIGKILL: "killed"}


def act(action, form_id, number):
    if action == "churn":
        churn(form_id)
    elif action in FULL:
        resource.setrlimit(resource.RLIMIT_FSIZE, (number, resource.RLIM_INFINITY))
        try:
            FULL[action](form_id)
        except (UnavailableError, CommandError) as refused:
            os._exit(REFUSED if "ANALYTICS_COLUMNS_PATH" in str(refused) else 1)
    else:
        die_before(number)
        ACTIONS[action](form_id)


if __name__ == "__main__":
    settings.ANALYTICS_COLUMNS_PATH = type(settings.DATA_DIRECTORY)(sys.argv[1])
    for line in sys.stdin:
        action, form_id, number = line.split()
        child = os.fork()
        if child == 0:
            act(action, form_id, int(number))
            os._exit(0)
        if action == "churn":
            time.sleep(int(number) / 1000)
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{OUTCOMES.get(status, f'ended with {status}')}\n")
        sys.stdout.flush()
