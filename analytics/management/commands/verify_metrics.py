"""Compare the numbers of one form, or of every form, with the form store."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.selection import add_arguments, chosen_forms
from analytics.verification import verify


class Command(BaseCommand):
    help = "Compare a form's numbers with its stored responses; names every day that differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for form_id in chosen_forms(options):
            found = verify(form_id)
            wrong += not found.is_exact
            verdict = "exact" if found.is_exact else "DIFFERS"
            self.stdout.write(
                f"{form_id}: {found.stored} stored, {found.counted} counted: {verdict}"
            )
            for day in found.days:
                self.stdout.write(f"  {day.day}: {day.stored} stored, {day.counted} counted")
        if wrong:
            raise CommandError(
                f"{wrong} form(s) differ: manage.py rebuild_metrics FORM mends them."
            )
