"""ETag and If-Match: a change is made only to the state its caller has seen.

A tag names the state of what people edit, not the bytes of an answer: figures beside it (a
webhook's health, a schedule's next turn) move without it. So it is for If-Match alone.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.errors import (
    ChangedMeanwhileError,
    NotFoundError,
    PreconditionFailedError,
)

HEADER = "If-Match"
ANY = "*"

Row = TypeVar("Row", bound=Model)


def revision_tag(revision: int) -> str:
    return f'"{revision}"'


def content_tag(*marks: object) -> str:
    """The tag of a state without a revision: of what can be edited, and when it was."""
    return f'"{hashlib.sha256(repr(marks).encode()).hexdigest()[:20]}"'


def tagged(body: object, tag: str, *, status: int = 200) -> Response:
    return Response(body, status=status, headers={"ETag": tag})


@contextmanager
def matching(request: Request, tag: str) -> Iterator[None]:
    """Around a compare-and-set change of what is in this state.

    Raises PreconditionFailedError where If-Match names another state, also one that was lost to
    somebody else in between. Without If-Match nothing is asked.
    """
    wanted = request.headers.get(HEADER)
    if wanted is not None and not _names(wanted, tag):
        raise PreconditionFailedError(MISMATCH)
    try:
        yield
    except ChangedMeanwhileError as error:
        if wanted is None:
            raise
        raise PreconditionFailedError(MISMATCH) from error


@contextmanager
def editing(request: Request, rows: QuerySet[Row], tag_of: Callable[[Row], str]) -> Iterator[Row]:
    """The one row, as it is now and locked until the change is made, where If-Match names it.

    Raises PreconditionFailedError, NotFoundError where the row is gone.
    """
    with transaction.atomic():
        row = rows.select_for_update().first()
        if row is None:
            raise NotFoundError("It has just been deleted.")
        with matching(request, tag_of(row)):
            yield row


MISMATCH = "It is not in the state that If-Match names: read it again, then decide."


def _names(wanted: str, tag: str) -> bool:
    """A proxy that compresses makes tags weak; ours name a state all the same."""
    return wanted.strip() == ANY or tag in {each.removeprefix("W/") for each in parse_etags(wanted)}
