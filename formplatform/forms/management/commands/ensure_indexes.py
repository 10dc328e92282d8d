"""Creates what the form store lacks in indexes."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from formplatform.core.errors import PlatformError
from formplatform.forms.storage.registry import get_store


class Command(BaseCommand):
    help = "Create the indexes that the form store lacks, and print all by name. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        store = get_store()
        try:
            names = store.ensure_indexes()
        except PlatformError as error:
            raise CommandError(error.message) from error
        if options["format"] == "json":
            self.stdout.write(json.dumps({"store": store.name, "indexes": names}))
        else:
            self.stdout.write("\n".join(names))
