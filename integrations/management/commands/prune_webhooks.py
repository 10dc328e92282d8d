"""Forget old deliveries and what belonged to them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from integrations.webhooks.tending.erasure import erase_deleted
from integrations.webhooks.tending.retention import count_prunable, prune


class Command(BaseCommand):
    help = (
        "Forget what was delivered WEBHOOK_RETENTION_DAYS ago, dead letters after "
        "WEBHOOK_DEAD_RETENTION_DAYS, and what nobody points to any more. Beat does so hourly."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self._say("would be forgotten", count_prunable())
            return
        erase_deleted()
        with tqdm(unit=" rows", file=self.stderr) as bar:

            def step(name: str, rows: int) -> None:
                bar.set_description(name)
                bar.update(rows)

            forgotten = prune(progress=step)
        self._say("forgotten", forgotten)

    def _say(self, what: str, counts: dict[str, int]) -> None:
        told = ", ".join(f"{rows:,} {name}" for name, rows in counts.items())
        self.stdout.write(f"{what}: {told}")
