"""The whole platform on real input, with every number checked."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.embedded import ensure_stores
from formplatform.core.management.commands.up import expect_the_end, wait_for_the_end
from formplatform.core.preparation import ADMIN, prepare
from formplatform.core.processes import StartError
from formplatform.core.stack import running_stack
from formplatform.demo.checks import Check, checks_of
from formplatform.demo.client import CallError, Client
from formplatform.demo.receiver import Receiver
from formplatform.demo.steps import Demonstration
from formplatform.demo.study import load_study
from formplatform.demo.summary import check_lines, cross_tab_lines, timing_lines
from formplatform.settings import env

Step = tuple[str, Callable[[], object]]


class Command(BaseCommand):
    help = "Put the election study of 1996 through the whole platform and check every number."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--keep", action="store_true", help="stay up and serve afterwards")
        parser.add_argument("--port", type=int, default=0, help="default: any free one")

    def handle(self, *args: object, **options: Any) -> None:
        env.provide("OUTBOUND_ALLOWED_NETWORKS", "127.0.0.0/8")  # the receiver is on loopback
        self.seconds: dict[str, float] = {}
        try:
            with self._timed("start the platform"):
                ensure_stores()
                password = prepare()
                stack = running_stack(options["port"])
                _, port = stack.__enter__()
            try:
                checks = self._demonstrate(port)
                if options["keep"]:
                    self._keep(port, password)
            finally:
                stack.__exit__(None, None, None)
        except (StartError, CallError) as error:
            raise CommandError(str(error)) from error
        if not all(check.holds for check in checks):
            raise CommandError("The platform and the file disagree.")

    def _demonstrate(self, port: int) -> list[Check]:
        directory = settings.DATA_DIRECTORY / "demo"
        directory.mkdir(parents=True, exist_ok=True)
        with Receiver() as receiver:
            run = Demonstration(
                load_study(), Client("127.0.0.1", port, _key()), receiver, directory
            )
            self.stdout.write(f"{run.study.title}: {len(run.study.answers)} respondents")
            for name, act in _steps(run):
                with self._timed(name):
                    act()
            checks = list(checks_of(run))
        self._summarise(run, checks)
        self.form_id = run.form_id
        return checks

    def _summarise(self, run: Demonstration, checks: list[Check]) -> None:
        found = run.findings
        lines = [
            "",
            f"Live: {found.total} responses, mean age {found.mean_age:.2f}, "
            + ", ".join(f"{vote} {count}" for vote, count in sorted(found.votes.items())),
            "",
            "Vote by education",
            *cross_tab_lines(run),
            "",
            f"Webhooks: {len(run.receiver.messages)} verified, {run.receiver.deliveries} received",
            f"Report: {found.report} ({found.report_bytes:,} bytes)"
            if found.report
            else "Report: not written; Pango is missing (see the start of the output)",
            "",
            "Time",
            *timing_lines(self.seconds),
            "",
            "Checks",
            *check_lines(checks),
        ]
        self.stdout.write("\n".join(lines))

    def _keep(self, port: int, password: str | None) -> None:
        site, ended = f"http://127.0.0.1:{port}", expect_the_end()
        login = "" if password is None else f"   ({ADMIN} / {password}, shown this once)"
        self.stdout.write(f"\nServing at {site}/admin/{login}")
        self.stdout.write(f"The numbers: {site}/forms/{self.form_id}/analytics/\nCtrl-C stops it.")
        self.stdout.flush()
        wait_for_the_end(ended)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started


def _steps(run: Demonstration) -> list[Step]:
    return [
        ("publish the form", run.publish_form),
        ("register a webhook", run.register_webhook),
        ("submit the responses", run.submit_responses),
        ("until the numbers are live", run.watch_metrics),
        ("cross-tabulate", run.cross_tabulate),
        ("until every webhook is verified", run.verify_webhooks),
        ("write the report", run.write_report),
    ]


def _key() -> str:
    """A key of the first administrator, for this run."""
    owner = User.objects.filter(is_superuser=True).earliest("pk")
    _, token = create_key(owner, name="demonstration", scopes=SCOPES)
    return token
