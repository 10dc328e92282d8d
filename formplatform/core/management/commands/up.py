"""Serve until Ctrl-C."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core.embedded import ensure_stores
from formplatform.core.preparation import ADMIN, prepare
from formplatform.core.processes import StartError
from formplatform.core.stack import running_stack

LOOK_SECONDS = 0.5
"""A signal that comes just before a wait begins is only seen when the wait ends."""


class Command(BaseCommand):
    help = "Run the whole platform on this machine: stores, web, worker and beat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            ensure_stores()
            password = prepare()
            with running_stack(options["port"], host=options["host"]) as (supervisor, port):
                ended = expect_the_end()
                self._greet(options["host"], port, password)
                wait_for_the_end(ended)
                supervisor.stop_keeping()
                self.stdout.write("\nStopping …")
        except StartError as error:
            raise CommandError(str(error)) from error

    def _greet(self, host: str, port: int, password: str | None) -> None:
        site = f"http://{host}:{port}"
        lines = [f"API    {site}/api/v2/docs/", f"Admin  {site}/admin/"]
        if password is not None:
            lines.append(f"       {ADMIN} / {password}   (shown this once)")
        self.stdout.write("\n".join([*lines, "Ctrl-C stops it."]))
        self.stdout.flush()


def expect_the_end() -> threading.Event:
    """Is set by Ctrl-C, a SIGTERM, or the end of the terminal, of which only the first counts."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    return ended


def wait_for_the_end(ended: threading.Event) -> None:
    while not ended.wait(LOOK_SECONDS):
        pass
