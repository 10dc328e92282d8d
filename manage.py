#!/usr/bin/env python3
"""Run a management command, with the embedded stores running where it may need them."""

import os
import sys

STORELESS = frozenset(
    {"check", "collectstatic", "help", "makemigrations", "makemessages", "compilemessages",
     "spectacular", "--help", "--version", "version"}
)  # fmt: skip


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.local")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        if len(sys.argv) > 1 and sys.argv[1] not in STORELESS:
            start_stores()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def start_stores() -> None:
    from formplatform.core.embedded import ensure_stores
    from formplatform.core.processes import StartError

    try:
        ensure_stores()
    except StartError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
