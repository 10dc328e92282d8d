"""`manage.py run_report FORM`: write one report to a file, now and here."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from formplatform.core.actors import SYSTEM
from formplatform.core.errors import InvalidInputError, PlatformError
from formplatform.forms.access import get_form
from reporting.definitions import definition_of, gather
from reporting.pdf.generator import render_pdf


class Command(BaseCommand):
    help = "Write a form's report as PDF."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("form", help="the form's id")
        parser.add_argument("--output", type=Path, help="the file (report-FORM.pdf)")
        parser.add_argument("--title", default="")
        parser.add_argument("--field", default="", help="the field whose answers are drawn")
        parser.add_argument("--rows", default="", help="the cross table's field of rows")
        parser.add_argument("--columns", default="", help="the cross table's field of columns")
        parser.add_argument("--timezone", default="UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["output"] or Path(f"report-{options['form']}.pdf")
        try:
            content = self._content(options)
            path.write_bytes(content)
        except InvalidInputError as error:
            reasons = "; ".join(f"{e.field}: {e.message}" for e in error.errors)
            raise CommandError(reasons or error.message) from error
        except PlatformError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        self.stdout.write(f"{path}: {len(content):,} bytes")

    def _content(self, options: dict[str, Any]) -> bytes:
        form = get_form(SYSTEM, options["form"])
        chosen = {**options, "chart_field": options["field"]}
        return render_pdf(gather(form, definition_of(form, chosen)))
