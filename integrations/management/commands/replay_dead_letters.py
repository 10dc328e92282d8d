"""Send dead letters again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from integrations.management.moments import moment
from integrations.webhooks import endpoints
from integrations.webhooks.events import DELIVERABLE_NAMES, TEST_NAME
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.repeating import missed
from integrations.webhooks.repeating.dead_letters import Selection, find_dead_letters
from integrations.webhooks.repeating.replays import replay


class Command(BaseCommand):
    help = (
        "Send dead letters again, those given up first first, behind new messages. Those of "
        "disabled endpoints stay. Interrupted, it goes on when it is called again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", help="delivery ids; none means all that match")
        parser.add_argument("--webhook", dest="webhook_id", help="only of this endpoint")
        parser.add_argument("--form", dest="form_id", help="only of this form")
        parser.add_argument("--event", dest="event_type", choices=[*DELIVERABLE_NAMES, TEST_NAME])
        parser.add_argument("--response", dest="response_id", help="only of this response")
        parser.add_argument("--reason", choices=Delivery.DeadReason.values)
        parser.add_argument("--status-code", type=int, help="the receiver's last answer")
        parser.add_argument("--error", help="a part of the last error, in any case")
        parser.add_argument("--since", type=moment, help="given up since (ISO 8601 with zone)")
        parser.add_argument("--until", type=moment, help="given up before (ISO 8601 with zone)")
        parser.add_argument("--limit", type=int, help="at most so many")
        parser.add_argument(
            "--enable",
            action="store_true",
            help="switch the endpoint of --webhook on, and send all that it missed",
        )
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in Selection.__dataclass_fields__}
        if options["enable"]:
            others = {name for name, value in given.items() if value} - {"webhook_id"}
            if others or options["limit"] or not options["webhook_id"]:
                raise CommandError("--enable goes with --webhook, and with --dry-run only.")
            self._enable(options["webhook_id"], dry_run=options["dry_run"])
            return
        found = find_dead_letters(Selection(**{**given, "ids": options["ids"] or None}))
        matching = found.count()
        if options["dry_run"]:
            self.stdout.write(f"{matching} dead letters match.")
            return
        total = min(matching, options["limit"] or matching)
        with tqdm(total=total, unit=" messages", file=self.stderr, disable=None) as bar:
            replayed = replay(found, limit=options["limit"], progress=bar.update)
        self.stdout.write(f"{replayed} dead letters are sent again.")

    def _enable(self, webhook_id: str, *, dry_run: bool) -> None:
        webhook = Webhook.objects.filter(pk=webhook_id, deleted_at__isnull=True).first()
        if webhook is None:
            raise CommandError(f"There is no webhook {webhook_id}.")
        if dry_run:
            dead = find_dead_letters(Selection(webhook_id=webhook_id)).count()
            self.stdout.write(f"{dead + missed.missed_by(webhook).count()} messages were missed.")
            return
        sent = endpoints.enable(webhook, replay=True)
        self.stdout.write(f"Enabled; {sent} missed messages are sent.")
