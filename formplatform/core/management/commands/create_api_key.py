"""Make an API key at the terminal."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.clock import now
from formplatform.core.errors import InvalidInputError


class Command(BaseCommand):
    help = "Make an API key and print it, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", help="default: the first administrator")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--scope", action="append", help=f"of {', '.join(SCOPES)}; default all")
        parser.add_argument("--days", type=int, help="expires after so many days")

    def handle(self, *args: object, **options: Any) -> None:
        expires_at = now() + timedelta(days=options["days"]) if options["days"] else None
        try:
            _, token = create_key(
                _user(options["user"]),
                name=options["name"],
                scopes=options["scope"] or SCOPES,
                expires_at=expires_at,
            )
        except InvalidInputError as error:
            raise CommandError(error.errors[0].message) from error
        self.stdout.write(token)


def _user(username: str | None) -> User:
    wanted = {"username": username} if username else {"is_superuser": True}
    found = User.objects.filter(is_active=True, **wanted).order_by("pk").first()
    if found is None:
        raise CommandError("There is no such user; `manage.py createsuperuser` makes the first.")
    return found
