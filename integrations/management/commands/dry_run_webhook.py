"""Say what an endpoint would have been sent."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core import clock
from integrations.webhooks.dry_run import MOST_EVENTS, Reach, dry_run
from integrations.webhooks.endpoints import form_of
from integrations.webhooks.models import Webhook


class Command(BaseCommand):
    help = "Say which past events an endpoint's filter and template would have sent, and what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("webhook", help="id of the endpoint")
        parser.add_argument("--since", type=_moment, help="ISO 8601 with zone; default: 7 days ago")
        parser.add_argument("--until", type=_moment, help="ISO 8601 with zone; default: now")
        parser.add_argument("--limit", type=int, default=MOST_EVENTS, help="events to look at")

    def handle(self, *args: Any, **options: Any) -> None:
        webhook = Webhook.objects.filter(pk=options["webhook"], deleted_at__isnull=True).first()
        if webhook is None:
            raise CommandError("There is no such webhook.")
        until = options["until"] or clock.now()
        reach = Reach(
            owner_id=webhook.owner_id,
            form_id=webhook.form_id,
            since=options["since"] or until - timedelta(days=7),
            until=until,
        )
        report = dry_run(form_of(webhook), reach, limit=options["limit"])
        self.stdout.write(json.dumps(asdict(report), indent=2, ensure_ascii=False))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise CommandError(f"{text}: add a time zone, such as Z.")
    return moment
