"""Idempotency-Key on creating POSTs: the same request twice creates once.

Responses keep their keys themselves, in the one write that stores them. What else is created is
decorated with `creates_once`: claim, creation and answer are one transaction, so a process that
dies in between leaves nothing, and a twin waits for its turn. What may stop half-way and be
gone on with (an import) takes `one_body` instead. A key is remembered for KEPT_FOR.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from typing import Any

import orjson
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.clock import now
from formplatform.core.errors import (
    ConflictError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
)
from formplatform.core.models import IdempotentRequest

from .authentication import actor_of

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
KEPT_FOR = timedelta(days=1)

KEY_PARAMETER = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    OpenApiParameter.HEADER,
    description="Repeating the request under its key creates nothing; another body is refused.",
)
Post = Callable[..., Response]


def idempotency_key(request: Request) -> str | None:
    """The caller's key. Raises InvalidInputError where it is empty or too long."""
    key: str | None = request.headers.get(HEADER)
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        message = f"Expected 1 to {LONGEST_KEY} characters."
        raise InvalidInputError(
            "The Idempotency-Key is not valid.", errors=[FieldError(HEADER, "invalid", message)]
        )
    return key


def stored_key(request: Request) -> str | None:
    """The key together with what was sent: for a store that remembers keys for longer than we do.

    There it stands for one body for ever, and a later use of the key creates something new.
    """
    key = idempotency_key(request)
    return None if key is None else f"{key}:{_fingerprint(request.data)}"


def creates_once(post: Post) -> Post:
    """Decorate a view's `post` that creates something.

    The view's `shown_once` names members of the answer that are secrets: a repeated request gets
    None for them. Raises KeyReusedError where the key came with another body.
    """

    @extend_schema(parameters=[KEY_PARAMETER])
    @wraps(post)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = idempotency_key(request)
        if key is None:
            return post(view, request, *args, **kwargs)
        _forget_old()
        hidden = dict.fromkeys(getattr(view, "shown_once", ()))
        return _once(request, key, hidden, lambda: post(view, request, *args, **kwargs))

    return answer


@contextmanager
def one_body(request: Request) -> Iterator[Callable[[str], str]]:
    """For what recognises a repetition by a name: gives the function from body digest to name.

    The name is the digest, and with a key the two together. Calling it claims the key, and raises
    KeyReusedError where another body has it. What is refused leaves its key free.
    """
    key = idempotency_key(request)
    _forget_old()
    claims: list[IdempotentRequest] = []

    def name(digest: str) -> str:
        if key is None:
            return digest
        row, is_first = _claim(request, key, digest)
        if row.fingerprint != digest:
            raise KeyReusedError(REUSED)
        claims.extend([row] if is_first else [])
        return f"{key}:{digest}"

    try:
        yield name
    except (InvalidInputError, ConflictError):
        for row in claims:
            row.delete()
        raise


REUSED = "This Idempotency-Key was used for another request: take a new key."


def _once(
    request: Request, key: str, hidden: Mapping[str, None], create: Callable[[], Response]
) -> Response:
    fingerprint = _fingerprint(request.data)
    with transaction.atomic():
        row, is_first = _claim(request, key, fingerprint)
        if not is_first:
            return _repeat(row, fingerprint)
        response = create()
        row.status = response.status_code
        row.body = orjson.loads(orjson.dumps({**response.data, **hidden}, default=str))
        row.save()
    return response


def _forget_old() -> None:
    IdempotentRequest.objects.filter(created_at__lt=now() - KEPT_FOR).delete()


def _claim(request: Request, key: str, fingerprint: str) -> tuple[IdempotentRequest, bool]:
    return IdempotentRequest.objects.get_or_create(
        actor=_actor(request),
        key=key,
        path=request.path[:200],
        defaults={"fingerprint": fingerprint},
    )


def _repeat(row: IdempotentRequest, fingerprint: str) -> Response:
    if row.fingerprint != fingerprint:
        raise KeyReusedError(REUSED)
    return Response(row.body, status=row.status, headers={"Idempotent-Replayed": "true"})


def _fingerprint(body: object) -> str:
    sent = json.dumps(body, sort_keys=True)  # orjson stops at 64-bit integers
    return hashlib.sha256(sent.encode()).hexdigest()


def _actor(request: Request) -> str:
    actor = actor_of(request)
    return f"key-{actor.key_id}" if actor.key_id is not None else f"user-{actor.user_id}"
