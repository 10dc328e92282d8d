"""The sweep by hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from formplatform.core.clock import now
from formplatform.forms import outbox


class Command(BaseCommand):
    help = "Publish responses, versions and sessions that a crash or an outage left behind."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now", action="store_true", help="Also what is younger than half a minute."
        )
        parser.add_argument(
            "--anew", action="store_true", help="Also what is on its way. Again does no harm."
        )
        parser.add_argument("--seconds", type=float, default=3600.0, help="Stop after so long.")

    def handle(self, *args: object, **options: Any) -> None:
        count = outbox.dispatch_stale(
            before=now() if options["now"] else None,
            anew=options["anew"],
            seconds=options["seconds"],
        )
        self.stdout.write(f"published what {count} records owed")
