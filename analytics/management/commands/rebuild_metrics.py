"""Count the numbers of one form, or of every form, again from the form store."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from analytics.management.selection import add_arguments, chosen_forms
from analytics.rebuild import Rebuilt, rebuild
from formplatform.forms.storage.registry import get_store


class Command(BaseCommand):
    help = "Count a form's numbers again from its stored responses, then put them in place."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["format"] == "json":
            self.stdout.write(json.dumps([asdict(done) for done in self._rebuilt(options)]))
            return
        for done in self._rebuilt(options):
            self.stdout.write(
                f"{done.form_id}: {done.responses} responses and {done.sessions} sessions counted"
            )

    def _rebuilt(self, options: dict[str, Any]) -> Iterator[Rebuilt]:
        store = get_store()
        for form_id in chosen_forms(options):
            total = store.count_responses(form_id)
            with tqdm(total=total, unit=" records", desc=form_id, file=self.stderr) as bar:
                done = rebuild(form_id, progress=bar.update)
            yield done
