"""An import that dies: ``python -m tests.fakes.dying_import <form> <file> <step or nothing>``.

The second time a step is reached the process ends as by kill -9.
"""

import os
import signal
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - after django.setup

from formplatform.forms import import_files, imports  # noqa: E402
from formplatform.forms.storage.registry import get_store  # noqa: E402

STEPS = {
    "insert": (type(get_store()), "insert_responses"),
    "announce": (imports, "announce_many"),
    "refuse": (import_files, "_write_refusals"),
    "checkpoint": (import_files, "_write_checkpoint"),
}


def dying(function, before):
    """Half the time the step was done, half the time not: the checkpoint's case is the latter."""
    calls = []

    def call(*arguments, **options):
        calls.append(1)
        if len(calls) == 2 and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


if __name__ == "__main__":
    form_id, file, step = sys.argv[1:]
    imports.BATCH = 30
    if step:
        place, name = STEPS[step]
        setattr(place, name, dying(getattr(place, name), before=step == "checkpoint"))
    call_command("import_responses", file, form=form_id, resume=True)
