"""Idempotency-Key on creating POSTs: the same request twice creates once.

Responses, forms and webhooks keep their keys themselves, in the one write that stores them. What
else is created in SQL is decorated with `creates_once`: claim, creation and answer are one
transaction, so a process that dies in between leaves nothing, and a twin waits for its turn.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import orjson
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from formplatform.core.clock import now
from formplatform.core.errors import ConflictError, FieldError, InvalidInputError
from formplatform.core.models import IdempotentRequest

from .authentication import actor_of

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
KEPT_FOR = timedelta(days=1)

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


def creates_once(post: Post) -> Post:
    """Decorate a view's `post` that creates rows in SQL; its answer must hold no secret."""

    @wraps(post)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = idempotency_key(request)
        if key is None:
            return post(view, request, *args, **kwargs)
        return _once(request, key, lambda: post(view, request, *args, **kwargs))

    return answer


def _once(request: Request, key: str, create: Callable[[], Response]) -> Response:
    IdempotentRequest.objects.filter(created_at__lt=now() - KEPT_FOR).delete()
    sent = json.dumps(request.data, sort_keys=True)  # orjson stops at 64-bit integers
    fingerprint = hashlib.sha256(sent.encode()).hexdigest()
    with transaction.atomic():
        row, is_first = IdempotentRequest.objects.get_or_create(
            actor=_actor(request),
            key=key,
            path=request.path[:200],
            defaults={"fingerprint": fingerprint},
        )
        if not is_first:
            return _repeat(row, fingerprint)
        response = create()
        row.status = response.status_code
        row.body = orjson.loads(orjson.dumps(response.data, default=str))
        row.save()
    return response


def _repeat(row: IdempotentRequest, fingerprint: str) -> Response:
    if row.fingerprint != fingerprint:
        raise ConflictError("This Idempotency-Key was used for another request: take a new key.")
    return Response(row.body, status=row.status, headers={"Idempotent-Replayed": "true"})


def _actor(request: Request) -> str:
    actor = actor_of(request)
    return f"key-{actor.key_id}" if actor.key_id is not None else f"user-{actor.user_id}"
