"""Seal every stored secret under the first key of WEBHOOK_ENCRYPTION_KEYS."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from integrations.webhooks.tending.resealing import (
    BATCH,
    KeyUse,
    Resealed,
    count_secrets,
    key_uses,
    reseal,
)


class Command(BaseCommand):
    help = (
        "Seal every stored secret under the first key of WEBHOOK_ENCRYPTION_KEYS, and say which "
        "older keys may be dropped. May be interrupted, repeated, and run while messages are sent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, change nothing"
        )
        parser.add_argument("--batch", type=int, default=BATCH, help="secrets read at a time")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch: give a number from 1 on.")
        hidden = not sys.stderr.isatty()
        with tqdm(total=count_secrets(), unit=" secrets", disable=hidden, file=self.stderr) as bar:
            done = reseal(dry_run=options["dry_run"], batch=options["batch"], progress=bar.update)
        self._say(done, dry_run=options["dry_run"])
        for use in key_uses():
            self.stdout.write(_sentence(use))
        if done.unreadable:
            endpoints = ", ".join(sorted(set(done.unreadable)))
            raise CommandError(
                f"{len(done.unreadable)} secrets do not open: put the key that sealed them back "
                f"into the ring, or rotate the secrets of these endpoints: {endpoints}"
            )

    def _say(self, done: Resealed, *, dry_run: bool) -> None:
        what = "would be sealed" if dry_run else "are sealed"
        self.stdout.write(
            f"{done.resealed} secrets {what} under the first key, {done.were_already} were already."
        )
        if done.changed_meanwhile:
            self.stdout.write(f"{done.changed_meanwhile} were changed by somebody else meanwhile.")


def _sentence(use: KeyUse) -> str:
    if use.place is None:
        return f"key {use.name or '(none)'}, not in the ring: {use.secrets} secrets do not open"
    remark = "; it may be dropped" if use.may_be_dropped else ""
    return f"key {use.place} of the ring ({use.name}): seals {use.secrets} secrets{remark}"
