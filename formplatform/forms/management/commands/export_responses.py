"""Responses into a file."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core.actors import SYSTEM
from formplatform.core.errors import PlatformError
from formplatform.forms.access import get_form
from formplatform.forms.exports import Format, export_responses


class Command(BaseCommand):
    help = "Write every response of a form as NDJSON or CSV, to a file or the standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--form", required=True, help="The form's id.")
        parser.add_argument("--format", choices=[f.value for f in Format], default="ndjson")
        parser.add_argument("--output", type=Path)
        parser.add_argument(
            "--without-pii", action="store_true", help="Leave out fields marked as personal."
        )

    def handle(self, *args: object, **options: Any) -> None:
        try:
            form = get_form(SYSTEM, options["form"])
            chunks = export_responses(
                form.id,
                file_format=Format(options["format"]),
                include_pii=not options["without_pii"],
            )
            if options["output"] is None:
                sys.stdout.buffer.writelines(chunks)
                return
            with options["output"].open("wb") as file:
                file.writelines(chunks)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}.") from error
        except PlatformError as error:
            raise CommandError(error.message) from error
