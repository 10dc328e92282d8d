"""Ask one question about a form, from the shell."""

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rest_framework.exceptions import ParseError
from tqdm import tqdm

from analytics.answering.results import body_of
from analytics.columns import reporting
from analytics.exports.answer_table import answer_table
from analytics.query_builder import explain_query, run_query
from formplatform.core.api.parsers import parse_json
from formplatform.core.errors import InvalidInputError, PlatformError
from formplatform.forms.storage.registry import get_store


class Command(BaseCommand):
    help = (
        "Answer a query over a form's responses, given as JSON or on standard input "
        "(docs/reference/query-language.md). Personal answers are open: a shell sees everything."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("form", help="The form's id.")
        parser.add_argument("query", nargs="?", default="-", help="The query as JSON; - reads it.")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--explain", action="store_true", help="Say how, and answer nothing.")

    def handle(self, *args: object, **options: Any) -> None:
        form_id = options["form"]
        query = _read(options["query"])
        try:
            if get_store().find_form(form_id) is None:
                raise CommandError(f"There is no form {form_id}.")
            if options["explain"]:
                self._print(explain_query(form_id, query, personal_allowed=True))
                return
            with self._bar() as bar, reporting(bar.update):
                answer = run_query(form_id, query, personal_allowed=True)
        except InvalidInputError as error:
            raise CommandError(" ".join(f"{e.field}: {e.message}" for e in error.errors)) from error
        except PlatformError as error:
            raise CommandError(error.message) from error
        if options["format"] == "json":
            self._print(body_of(answer))
            return
        table = answer_table(answer)
        names = [column.name for column in table.columns]
        rows = [["" if cell is None else str(cell) for cell in row] for row in table.rows]
        for line in _lines([names, *rows]):
            self.stdout.write(line)
        self.stdout.write(f"{answer.total_rows} rows, {answer.engine}, {answer.elapsed_ms:g} ms")

    def _bar(self) -> "tqdm[NoReturn]":
        """Shown while a form is read for the first time, if that takes more than a moment."""
        return tqdm(
            unit=" responses", desc="reading", delay=1, leave=False, file=self.stderr, disable=None
        )

    def _print(self, body: Any) -> None:
        self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))


def _read(given: str) -> Any:
    text = sys.stdin.read() if given == "-" else given
    try:
        return parse_json(text.encode())
    except (ParseError, UnicodeEncodeError) as error:
        raise CommandError(f"The query can't be read: {error}") from error


def _lines(rows: list[list[str]]) -> list[str]:
    """Columns side by side, as wide as their longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
