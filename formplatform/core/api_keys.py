"""API keys: made once, shown once, then only recognised.

A key is ``fp_<prefix>_<secret>``. The prefix finds the row, the secret is 256 random bits. Such a
secret cannot be guessed, so one SHA-256 is enough to keep; slow hashes are for what people choose.
Rotating gives the same key another secret; the one before stays good for a while.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from .clock import now
from .errors import ConflictError, FieldError, InvalidInputError
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
GRACE = timedelta(hours=24)
LONGEST_GRACE = timedelta(days=30)

Good = tuple[ApiKey, datetime | None]
"""A key, and the end of the secret it was found by; None for no end of its own."""

_remembered: Memory[str, Good | None] = Memory(seconds=REMEMBER_SECONDS, size=REMEMBER_KEYS)


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
    prefix, secret = secrets.token_hex(6), _new_secret()
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        digest=_digest(secret),
        scopes=sorted(scopes),
        form_ids=None if form_ids is None else list(form_ids),
        expires_at=expires_at,
    )
    return key, _token(key, secret)


def rotate_key(key: ApiKey, *, grace: timedelta = GRACE) -> str:
    """Give the key a new secret; returns the text to show once. All else about it stays.

    The secret before is good for `grace` more (0 to LONGEST_GRACE), never longer than the key; one
    from before that ends now. Raises InvalidInputError for another grace, ConflictError where the
    key is revoked or expired, or was rotated by somebody else in this moment.
    """
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        message = f"Expected 0 to {int(LONGEST_GRACE.total_seconds())} seconds."
        raise InvalidInputError(
            "The key stays as it is.", errors=[FieldError("grace_seconds", "invalid", message)]
        )
    moment, secret = now(), _new_secret()
    live = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=moment), revoked_at=None)
    moved = live.filter(pk=key.pk, digest=key.digest).update(
        digest=_digest(secret), previous_digest=key.digest, previous_expires_at=moment + grace
    )
    if not moved:
        raise ConflictError("The key is revoked, expired or just rotated: nothing was changed.")
    key.refresh_from_db()
    forget_keys()
    return _token(key, secret)


def revoke_key(key: ApiKey) -> None:
    """From now on (elsewhere after at most REMEMBER_SECONDS) the key is refused, rotated or not."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now())
    forget_keys()


def find_key(token: str) -> ApiKey | None:
    """The live key a token belongs to, its user loaded; None for any other token."""
    found = _remembered.get(_digest(token), lambda: _look_up(token))
    if found is None:
        return None
    key, end = found
    moment = now()
    if any(each is not None and each <= moment for each in (key.expires_at, end)):
        return None
    return key


def forget_keys() -> None:
    _remembered.clear()


def _look_up(token: str) -> Good | None:
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != "fp" or not secret:
        return None
    live = ApiKey.objects.filter(prefix=prefix, revoked_at=None, user__is_active=True)
    key = live.select_related("user").first()
    if key is None:
        return None
    ends = {key.digest: None, key.previous_digest: key.previous_expires_at}
    digest = _digest(secret)
    matching = [end for known, end in ends.items() if hmac.compare_digest(known, digest)]
    if not matching:
        return None
    _note_use(key)
    return key, matching[0]


def _note_use(key: ApiKey) -> None:
    """Coarsely: a write per key and ten minutes, not per request."""
    moment = now()
    old = Q(last_used_at=None) | Q(last_used_at__lt=moment - USED_EVERY)
    ApiKey.objects.filter(old, pk=key.pk).update(last_used_at=moment)


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _token(key: ApiKey, secret: str) -> str:
    return f"fp_{key.prefix}_{secret}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
