"""API keys: made once, shown once, then only recognised.

A key is ``fp_<prefix>_<secret>``. The prefix finds the row, the secret is 256 random bits. Such a
secret cannot be guessed, so one SHA-256 is enough to keep; slow hashes are for what people choose.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from .clock import now
from .errors import FieldError, InvalidInputError
from .models import ApiKey
from .remembering import Memory

SCOPES = (
    "forms:read",
    "forms:write",
    "responses:read",
    "responses:write",
    "analytics:read",
    "analytics:write",
    "webhooks:read",
    "webhooks:write",
    "reports:read",
    "reports:write",
    "plugins:read",
    "plugins:write",
    "cache:read",
    "cache:write",
)
REMEMBER_SECONDS = 2.0
"""How long a process trusts what it looked up: the longest a revoked key still works."""
REMEMBER_KEYS = 1_000
USED_EVERY = timedelta(minutes=10)

_remembered: Memory[str, ApiKey | None] = Memory(seconds=REMEMBER_SECONDS, size=REMEMBER_KEYS)


def create_key(
    user: User,
    *,
    name: str,
    scopes: Collection[str],
    form_ids: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The stored key, and the text to show once. Raises InvalidInputError for unknown scopes."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        message = f"Expected some of {', '.join(SCOPES)}."
        raise InvalidInputError(
            "The key is not valid.", errors=[FieldError("scopes", "unknown_scope", message)]
        )
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        digest=_digest(secret),
        scopes=sorted(scopes),
        form_ids=None if form_ids is None else list(form_ids),
        expires_at=expires_at,
    )
    return key, f"fp_{prefix}_{secret}"


def revoke_key(key: ApiKey) -> None:
    """From now on (elsewhere after at most REMEMBER_SECONDS) the key is refused."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now())
    forget_keys()


def find_key(token: str) -> ApiKey | None:
    """The live key a token belongs to, its user loaded; None for any other token."""
    key = _remembered.get(_digest(token), lambda: _look_up(token))
    if key is None or (key.expires_at is not None and key.expires_at <= now()):
        return None
    return key


def forget_keys() -> None:
    _remembered.clear()


def _look_up(token: str) -> ApiKey | None:
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != "fp" or not secret:
        return None
    live = ApiKey.objects.filter(prefix=prefix, revoked_at=None, user__is_active=True)
    key = live.select_related("user").first()
    if key is None or not hmac.compare_digest(key.digest, _digest(secret)):
        return None
    _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    """Coarsely: a write per key and ten minutes, not per request."""
    moment = now()
    old = Q(last_used_at=None) | Q(last_used_at__lt=moment - USED_EVERY)
    ApiKey.objects.filter(old, pk=key.pk).update(last_used_at=moment)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
