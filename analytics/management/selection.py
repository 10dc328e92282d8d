"""Which forms a command is about."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import CommandError

from formplatform.forms.storage.base import FormQuery
from formplatform.forms.storage.registry import get_store

PAGE = 200


def add_arguments(parser: ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("form", nargs="?", metavar="FORM", help="the id of a form")
    which.add_argument("--all", action="store_true", help="every form")


def chosen_forms(options: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the forms. Raises CommandError for one that does not exist."""
    if not options["all"]:
        if get_store().find_form(options["form"]) is None:
            raise CommandError(f"There is no form {options['form']}.")
        yield options["form"]
        return
    offset = 0
    while page := get_store().list_forms(FormQuery(limit=PAGE, offset=offset)).items:
        yield from (form.id for form in page)
        offset += len(page)
