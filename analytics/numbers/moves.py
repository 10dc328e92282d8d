"""What the numbers of a form are told: responses that go from counted revisions to other ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analytics.contributions.entries import Entry, steps_between
from analytics.query.fields import Fields

from .server_functions import Status
from .waiting import pack

Claim = tuple[str, int, int]
"""A response by its id, the revision that must be counted (0: none), and the one that then is."""
Entries = Mapping[Fields, Sequence[Entry]]


class Move(NamedTuple):
    """Responses of one form from counted revisions to other ones: all at once or not at all.

    What it comes to are `steps`, or of one response alone what is to wait.
    """

    form_id: str
    claims: Sequence[Claim]
    steps: str = ""
    waits: bytes | None = None
    shadow: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call did. `stored` holds, where it was refused, the counted revision per claim.

    `rebuild` is the generation that is being rebuilt and wants the same.
    """

    status: Status
    rebuild: int | None
    stored: Sequence[int] = ()


def make_move(
    form_id: str, claims: Sequence[Claim], old: Entries, new: Entries, shadow: int | None = None
) -> Move:
    """From the responses as they are counted to what they are to be, each by its version."""
    if len(claims) == 1 and shadow is None:
        waits = pack(old, new)
        if waits is not None:
            return Move(form_id, claims, waits=waits)
    return Move(form_id, claims, steps_between(old, new), shadow=shadow)
