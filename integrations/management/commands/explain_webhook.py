"""Say why an endpoint got an event or not."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core.actors import SYSTEM
from formplatform.core.errors import NotFoundError
from formplatform.forms.ids import is_id
from integrations.webhooks.access import get_webhook
from integrations.webhooks.explaining.explaining import event_id_of, explain, plain


class Command(BaseCommand):
    help = "Say why an endpoint got an event, or did not, step by step."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("webhook", help="the id of the endpoint")
        parser.add_argument("event", help="the id of an event, or of a response")
        parser.add_argument("--revision", type=int, default=1, help="of the response; the first")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            webhook = get_webhook(SYSTEM, options["webhook"])
        except NotFoundError as error:
            raise CommandError(error.message) from error
        event_id = options["event"]
        if is_id(event_id):
            event_id = event_id_of(event_id, options["revision"])
        found = explain(webhook, event_id, actor=SYSTEM)
        if options["format"] == "json":
            self.stdout.write(json.dumps(plain(found)))
            return
        self.stdout.write(f"{event_id} and {webhook}:")
        for step in found.steps:
            self.stdout.write(f"  {step.text} [{step.code}]")
