"""Secrets at rest: AES-256-GCM under a ring of keys.

A sealed text is ``v1.<key>.<nonce and ciphertext>``: which key sealed it, never which it was. The
context (the id of the row it belongs to) is authenticated, so a sealed secret that is copied to
another row does not open there.
"""

import base64
import binascii
import hashlib
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from formplatform.core.errors import PlatformError

FORMAT = "v1"
NONCE_BYTES = 12
KEY_BYTES = 32


class UnsealError(PlatformError):
    """A secret does not open: its key left the ring, or it was changed."""

    code = "secret_unreadable"
    status = 500


@sensitive_variables()
def seal(text: str, *, context: str) -> str:
    """Encrypt under the first key of the ring."""
    key = _ring()[0]
    nonce = os.urandom(NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, text.encode(), context.encode())
    content = base64.urlsafe_b64encode(nonce + ciphertext).decode()
    return f"{FORMAT}.{_name_of(key)}.{content}"


@sensitive_variables()
def unseal(sealed: str, *, context: str) -> str:
    """The text that was sealed in this context.

    Raises:
        UnsealError: the key is not in the ring, or the text or its context is another.
    """
    version, _, rest = sealed.partition(".")
    name, _, content = rest.partition(".")
    key = {_name_of(key): key for key in _ring()}.get(name)
    if version != FORMAT or key is None:
        raise UnsealError("A stored secret was sealed with a key that is no longer in the ring.")
    try:
        data = base64.urlsafe_b64decode(content)
        plain = AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise UnsealError("A stored secret has been changed or moved.") from error
    return plain.decode()


def key_name_of(sealed: str) -> str:
    """Which key sealed it: one of `ring_names`, or one that is gone."""
    return sealed.split(".")[1] if sealed.count(".") > 1 else ""


def ring_names() -> tuple[str, ...]:
    """The names of the keys that open, the one that seals first."""
    return tuple(_name_of(key) for key in _ring())


def _ring() -> tuple[bytes, ...]:
    keys: tuple[bytes, ...] = settings.WEBHOOK_ENCRYPTION_KEYS
    return keys or (_derived_key(settings.SECRET_KEY),)


@cache
def _derived_key(secret: str) -> bytes:
    """Outside production, where no ring is given (production settings refuse to start)."""
    derivation = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"formplatform secrets at rest")
    return derivation.derive(secret.encode())


@cache
def _name_of(key: bytes) -> str:
    return hashlib.sha256(b"name of a key" + key).hexdigest()[:8]
