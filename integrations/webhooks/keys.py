"""The keys that sign, in the spelling of Standard Webhooks.

``whsec_`` is a shared secret (HMAC-SHA256, signature ``v1``). ``whsk_`` is an ed25519 private key
with its public half behind it, ``whpk_`` the public half alone (signature ``v1a``). What follows
the prefix is base64. Nothing here shows a key in an error.
"""

import base64
import binascii
import hashlib
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of every secret
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
SECRET_BYTES = 32
LEAST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64
LEAST_DIFFERENT_BYTES = 12
"""Random bytes never have so few; placeholders do."""
SECRET_PATTERN = "^whsec_[A-Za-z0-9+/]{32,86}={0,2}$"  # noqa: S105 - how one looks
SEED_BYTES = 32


def generate_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def generate_private_key() -> str:
    key = Ed25519PrivateKey.generate()
    both = key.private_bytes_raw() + key.public_key().public_bytes_raw()
    return PRIVATE_PREFIX + base64.b64encode(both).decode()


def find_fault(secret: str) -> str | None:
    """What is wrong with a secret somebody brings, as a sentence; None where it is good."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not key:
        return f"Expected {SECRET_PREFIX} and base64 with its padding."
    if not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        return f"Expected {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes in base64."
    if len(set(key)) < LEAST_DIFFERENT_BYTES:
        return "Expected random bytes: hardly two of these differ."
    return None


def shared_key_of(secret: str) -> bytes:
    """The bytes that HMAC takes."""
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def signing_key_of(private_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_halves(private_key)[0])


def public_key_of(private_key: str) -> str:
    return PUBLIC_PREFIX + base64.b64encode(_halves(private_key)[1]).decode()


def jwk_of(public_key: str) -> dict[str, str]:
    """A public key as RFC 8037 writes it; its id is the thumbprint of RFC 7638."""
    x = _unpadded(base64.b64decode(public_key.removeprefix(PUBLIC_PREFIX)))
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    kid = _unpadded(hashlib.sha256(canonical.encode()).digest())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"}


def _halves(private_key: str) -> tuple[bytes, bytes]:
    both = base64.b64decode(private_key.removeprefix(PRIVATE_PREFIX))
    return both[:SEED_BYTES], both[SEED_BYTES:]


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
