"""Who listens to what."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from formplatform.core.events import event_types, subscribers


class Command(BaseCommand):
    help = "Print every event and the subscribers that hear of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: object, **options: Any) -> None:
        listening = {name: [s.name for s in subscribers(name)] for name in sorted(event_types())}
        if options["format"] == "json":
            self.stdout.write(json.dumps(listening, indent=2))
            return
        for name, found in listening.items():
            self.stdout.write("\n  ".join([name, *(found or ["(nobody)"])]))
