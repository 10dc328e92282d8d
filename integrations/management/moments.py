"""Times on the command line."""

from argparse import ArgumentTypeError
from datetime import datetime


def moment(text: str) -> datetime:
    """An argument's type: an ISO 8601 time with its zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text}: expected a time such as 2026-01-09T12:00Z.") from error
    if found.tzinfo is None:
        raise ArgumentTypeError(f"{text}: add a time zone, such as Z.")
    return found
