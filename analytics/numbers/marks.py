"""What Redis remembers of a counted session: its trail, short enough to lie beside its id.

Names of pages and fields are numbers: their places among all that published versions have, oldest
version first, which only grows. A name no version has, from before they were checked, is written
out.
"""

import json
import time
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from analytics.contributions.trails import FIELD, PAGE, Trail
from formplatform.core.errors import UnavailableError
from formplatform.forms.storage.registry import get_store
from formplatform.forms.versions import get_definition

ABSENT = b""
"""Nothing is counted, and nothing was."""
WITHDRAWN = b"-"
"""The session was taken out: nothing is counted of it."""
KEPT = 512
REMEMBER_SECONDS = 10
PARTS = 6
STARTED, SUBMITTED = 1, 2

Names = Sequence[str]


def names_of_form(form_id: str, wanted: Collection[str]) -> Names:
    """Every page and field its published versions have, in the order of their numbers.

    Remembered for some seconds, unless one that is wanted is not among them. What a session has
    is wanted: so all its mark can name, too, for a session never loses a page or field.
    """
    names = _remembered(form_id, int(time.monotonic() // REMEMBER_SECONDS))
    return names if names and {*wanted} <= {*names} else _read(form_id)


@lru_cache(maxsize=KEPT)
def _remembered(form_id: str, _period: int) -> Names:
    return _read(form_id)


def _read(form_id: str) -> Names:
    numbers = sorted(version.number for version in get_store().list_versions(form_id))
    return _names(form_id, tuple(numbers))


@lru_cache(maxsize=KEPT)
def _names(form_id: str, numbers: tuple[int, ...]) -> Names:
    found: dict[str, None] = {}
    for number in numbers:
        for field in get_definition(form_id, number).fields:
            if field.page:
                found.setdefault(PAGE + field.page)
            found.setdefault(FIELD + field.id)
    return tuple(found)


def encode(trail: Trail | None, names: Names) -> bytes:
    """The mark of a trail: `quarter.steps.time.reached.left.unknown names`, hexadecimal."""
    if trail is None:
        return WITHDRAWN
    places = {name: place for place, name in enumerate(names)}
    reached = sum(1 << places[name] for name in trail.reached if name in places)
    left = sorted(places[name] for name in trail.left if name in places)
    unknown = [sorted(each - places.keys()) for each in (trail.reached, trail.left)]
    steps = STARTED * trail.started + SUBMITTED * trail.submitted
    numbers = f"{trail.quarter:x}.{steps}.{trail.time or ''}.{reached:x}"
    rest = json.dumps(unknown, separators=(",", ":")) if any(unknown) else ""
    return f"{numbers}.{','.join(format(place, 'x') for place in left)}.{rest}".encode()


def decode(mark: bytes, names: Names) -> Trail | None:
    """The trail of a mark; None where nothing is counted, or an older release counted it.

    Raises UnavailableError for a place beyond the names: the version is not to be read yet.
    """
    parts = mark.decode().split(".", PARTS - 1)
    if len(parts) != PARTS:
        return None
    quarter, steps, time, reached, left, rest = parts
    unknown: list[list[str]] = json.loads(rest) if rest else [[], []]
    return Trail(
        quarter=int(quarter, 16),
        started=bool(int(steps) & STARTED),
        submitted=bool(int(steps) & SUBMITTED),
        time=time or None,
        reached=_named(_bits(int(reached, 16)), unknown[0], names),
        left=_named((int(place, 16) for place in left.split(",") if place), unknown[1], names),
    )


def _bits(number: int) -> Iterable[int]:
    return (place for place in range(number.bit_length()) if number >> place & 1)


def _named(places: Iterable[int], unknown: Collection[str], names: Names) -> frozenset[str]:
    try:
        return frozenset([*(names[place] for place in places), *unknown])
    except IndexError as error:
        raise UnavailableError("A version can't be read yet; try again.") from error
