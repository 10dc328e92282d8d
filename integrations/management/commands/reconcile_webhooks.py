"""Compare stored responses with what the webhooks know of them, and mend what is missing."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from formplatform.core import clock
from formplatform.forms.storage.registry import get_store
from integrations.management.moments import moment
from integrations.webhooks.tending.reconciling import Found, reconcile

LOOK_BACK = timedelta(days=7)
MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Find events of which an endpoint has neither a message nor a reason why not; "
        "ends with 1 where something is missing and was not mended."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("forms", nargs="*", help="ids of forms; none means every form")
        parser.add_argument(
            "--since", type=moment, help="responses changed since; seven days by default"
        )
        parser.add_argument(
            "--until", type=moment, help="and before; five minutes ago at the latest"
        )
        parser.add_argument("--mend", action="store_true", help="send what is missing")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        for form_id in options["forms"]:
            if get_store().find_form(form_id) is None:
                raise CommandError(f"There is no form {form_id}.")
        with tqdm(unit=" responses", file=self.stderr, disable=None) as bar:
            found = reconcile(
                options["forms"] or None,
                since=options["since"] or clock.now() - LOOK_BACK,
                until=options["until"],
                mend=options["mend"],
                progress=bar.update,
            )
        if options["format"] == "json":
            self.stdout.write(json.dumps(asdict(found)))
        else:
            self._tell(found)
        if len(found.gaps) > found.mended:
            raise CommandError(
                f"{len(found.gaps)} are missing: manage.py reconcile_webhooks --mend sends them."
            )

    def _tell(self, found: Found) -> None:
        for gap in found.gaps[:MOST_SHOWN]:
            self.stdout.write(f"{gap.event_id} of {gap.occurred_at}: not for {gap.webhook_id}")
        if len(found.gaps) > MOST_SHOWN:
            self.stdout.write(f"and {len(found.gaps) - MOST_SHOWN} more: see --format json")
        self.stdout.write(
            f"{found.compared} compared, {len(found.gaps)} missing, {found.mended} mended."
        )
