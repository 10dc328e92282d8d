"""Signatures: Standard Webhooks, and the platform's own older header beside it.

Standard Webhooks (https://www.standardwebhooks.com) signs ``{id}.{timestamp}.{body}`` with the
decoded bytes of the secret. `X-Webhook-Signature` is the hexadecimal HMAC-SHA256 of the body with
the secret's text as key. Both cover the exact bytes that are sent.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of every secret
SECRET_BYTES = 32


def generate_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign_standard(
    secrets_in_use: Sequence[str], *, message_id: str, timestamp: int, body: bytes
) -> str:
    """The value of `webhook-signature`: one ``v1,<base64>`` per secret, the newest first."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_base64_hmac(_key_of(secret), content)}" for secret in secrets_in_use)


def generate_hmac_signature(body: bytes, secret: str) -> str:
    """The value of `X-Webhook-Signature`."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed_headers(
    secrets_in_use: Sequence[str],
    *,
    webhook_id: str,
    message_id: str,
    attempt: int,
    at: datetime,
    body: bytes,
) -> dict[str, str]:
    """Every header a receiver needs. Made for each attempt anew: the timestamp is the attempt's.

    The newest secret comes first: while one is being rotated there are two. The message id is the
    same however often the message is sent; attempts count from 1.
    """
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign_standard(
            secrets_in_use, message_id=message_id, timestamp=timestamp, body=body
        ),
        "X-Webhook-Signature": generate_hmac_signature(body, secrets_in_use[0]),
        "X-Webhook-ID": webhook_id,
        "X-Webhook-Attempt": str(attempt),
    }


def _key_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX))


def _base64_hmac(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
