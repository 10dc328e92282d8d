"""Signatures: Standard Webhooks, and the platform's own older header beside it.

Standard Webhooks (https://www.standardwebhooks.com) signs ``{id}.{timestamp}.{body}`` with the
decoded bytes of a secret (v1) and, where an endpoint asks for it, with an ed25519 key (v1a).
`X-Webhook-Signature` is the hexadecimal HMAC-SHA256 of the body with the secret's text as key. All
cover the exact bytes that are sent.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from .keys import PRIVATE_PREFIX, shared_key_of, signing_key_of


def sign_standard(
    keys_in_use: Sequence[str], *, message_id: str, timestamp: int, body: bytes
) -> str:
    """The value of `webhook-signature`, in the order of the keys.

    A secret gives ``v1,<base64>``, an ed25519 key ``v1a,<base64>``.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(_signature(key, content) for key in keys_in_use)


def generate_hmac_signature(body: bytes, secret: str) -> str:
    """The value of `X-Webhook-Signature`."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signed_headers(
    keys_in_use: Sequence[str],
    *,
    webhook_id: str,
    message_id: str,
    attempt: int,
    at: datetime,
    body: bytes,
) -> dict[str, str]:
    """Every header a receiver needs. Made for each attempt anew: the timestamp is the attempt's.

    The newest secret comes first, ed25519 keys behind the secrets: while one is being rotated
    there are several. The message id is the same however often the message is sent; attempts
    count from 1.
    """
    timestamp = int(at.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign_standard(
            keys_in_use, message_id=message_id, timestamp=timestamp, body=body
        ),
        "X-Webhook-Signature": generate_hmac_signature(body, keys_in_use[0]),
        "X-Webhook-ID": webhook_id,
        "X-Webhook-Attempt": str(attempt),
    }


def _signature(key: str, content: bytes) -> str:
    if key.startswith(PRIVATE_PREFIX):
        return f"v1a,{_base64(signing_key_of(key).sign(content))}"
    return f"v1,{_base64(hmac.digest(shared_key_of(key), content, 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
