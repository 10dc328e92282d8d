"""Compare the numbers of one form, or of every form, with the form store, and mend them."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from analytics.management.selection import add_arguments, chosen_forms
from analytics.proving.repair import Remedy, repair
from analytics.proving.verification import Verification, plain, verify
from formplatform.forms.domain import JsonObject


class Command(BaseCommand):
    help = "Compare a form's numbers with its stored responses; names every day that differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)
        parser.add_argument("--repair", action="store_true", help="mend what differs")
        parser.add_argument(
            "--deep", action="store_true", help="count anew beside it and compare every key"
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong, bodies = 0, []
        for form_id in tqdm(chosen_forms(options), unit=" forms", file=self.stderr, disable=None):
            found, remedy = _verified(form_id, options)
            wrong += found.has_drifted
            bodies.append(_body(found, remedy))
            if options["format"] == "text":
                self._tell(found, remedy)
        if options["format"] == "json":
            self.stdout.write(json.dumps(bodies))
        if wrong:
            raise CommandError(
                f"{wrong} form(s) differ: manage.py verify_metrics FORM --repair mends them."
            )

    def _tell(self, found: Verification, remedy: Remedy | None) -> None:
        self.stdout.write(
            f"{found.form_id}: {found.stored} stored, {found.counted} counted: {_verdict(found)}"
        )
        if remedy is not None:
            self.stdout.write(f"  remedy: {remedy.value}")
        for day in found.days:
            unlike = ", other responses" if day.hash_differs else ""
            unlike += ", other quarter-hours" if day.quarter_hours_differ else ""
            unlike += ", other minutes" if day.minutes_differ else ""
            unlike += ", its sessions do not add up" if day.sessions_differ else ""
            self.stdout.write(f"  {day.day}: {day.stored} stored, {day.counted} counted{unlike}")
        if found.totals_differ:
            self.stdout.write("  the totals are not what the days come to")
        for name in found.damaged:
            self.stdout.write(f"  {name}: holds no counters")
        if not found.is_balanced:
            self.stdout.write("  the counters of its fields or sessions do not add up")
        for key in found.keys or ():
            self.stdout.write(f"  {key.key}: {', '.join(key.names)}")


def _verified(form_id: str, options: dict[str, Any]) -> tuple[Verification, Remedy | None]:
    if not options["repair"]:
        return verify(form_id, deep=options["deep"]), None
    done = repair(form_id, deep=options["deep"])
    return done.after, done.remedy


def _verdict(found: Verification) -> str:
    if found.is_exact:
        return "exact"
    return "DIFFERS" if found.is_settled else "being counted"


def _body(found: Verification, remedy: Remedy | None) -> JsonObject:
    return plain(found) if remedy is None else plain(found) | {"remedy": remedy.value}
