"""Responses out of a file."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from formplatform.core.actors import SYSTEM
from formplatform.core.errors import InvalidInputError, PlatformError
from formplatform.forms.access import get_form
from formplatform.forms.exports import Format
from formplatform.forms.import_files import files_beside, guess_format, import_file, open_import
from formplatform.forms.imports import ImportReport


class Command(BaseCommand):
    help = "Import responses from NDJSON or CSV. Refused rows are kept beside the file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--form", required=True, help="The form's id.")
        parser.add_argument("--format", choices=[f.value for f in Format])
        parser.add_argument(
            "--resume", action="store_true", help="Go on where an earlier run ended."
        )
        parser.add_argument(
            "--import-id",
            help="A name for this import: the same name and row is stored once. "
            "Without it, the same file is stored once.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        path: Path = options["file"]
        try:
            report = self._import(path, options)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from error
        except InvalidInputError as error:
            wrong = [f"{each.field}: {each.message}" for each in error.errors]
            raise CommandError("\n  ".join([error.message, *wrong])) from error
        except PlatformError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{report.stored} stored, {report.repeated} there before, {report.refused} refused"
        )
        if report.refused:
            raise CommandError(f"What was refused, and why: {files_beside(path).refused}")

    def _import(self, path: Path, options: dict[str, Any]) -> ImportReport:
        job = open_import(
            get_form(SYSTEM, options["form"]),
            path,
            actor=SYSTEM,
            file_format=Format(options["format"] or guess_format(path)),
            import_id=options["import_id"],
        )
        hidden = not sys.stderr.isatty()
        with tqdm(total=path.stat().st_size, unit="B", unit_scale=True, disable=hidden) as bar:

            def show(report: ImportReport, position: int) -> None:
                bar.update(position - bar.n)
                bar.set_postfix(stored=report.stored, refused=report.refused)

            return import_file(job, path, resume=options["resume"], on_progress=show)
