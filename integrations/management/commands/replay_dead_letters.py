"""Send dead letters again."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.webhooks.dead_letters import find_dead_letters, replay


class Command(BaseCommand):
    help = "Send dead letters again, the oldest first. Those of disabled endpoints stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", help="delivery ids; none means all that match")
        parser.add_argument("--webhook", help="only of this endpoint")
        parser.add_argument("--since", type=_moment, help="given up since (ISO 8601 with zone)")
        parser.add_argument("--until", type=_moment, help="given up before (ISO 8601 with zone)")
        parser.add_argument("--limit", type=int, help="at most so many")
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        found = find_dead_letters(
            ids=options["ids"] or None,
            webhook_id=options["webhook"],
            since=options["since"],
            until=options["until"],
        )
        if options["dry_run"]:
            self.stdout.write(f"{found.count()} dead letters match.")
            return
        self.stdout.write(f"{replay(found, limit=options['limit'])} dead letters are sent again.")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise CommandError(f"{text}: add a time zone, such as Z.")
    return moment
