"""What leaves the house: webhooks, and which networks they may reach."""

import base64
import binascii

from django.core.exceptions import ImproperlyConfigured

from . import env

OUTBOUND_ALLOWED_NETWORKS = env.networks("OUTBOUND_ALLOWED_NETWORKS")
"""Networks that are not public and may be reached all the same, at any port."""
OUTBOUND_DENIED_NETWORKS = env.networks("OUTBOUND_DENIED_NETWORKS")
"""Public networks that are ours all the same, and are not to be reached from here."""
OUTBOUND_ALLOWED_PORTS = env.ports("OUTBOUND_ALLOWED_PORTS", (80, 443, 8080, 8443))
"""Ports of public hosts that may be reached."""
OUTBOUND_PROXY_URL = env.proxy("OUTBOUND_PROXY_URL")
"""An egress proxy all requests go through; it is asked to connect to addresses we vetted."""
OUTBOUND_CA_FILE = env.file("OUTBOUND_CA_FILE")

PUBLIC_URL = env.url("PUBLIC_URL", schemes=("http", "https")) or ""
"""Where people reach the platform: the beginning of links in what is sent out."""

WEBHOOK_MAX_RETRIES = env.integer("WEBHOOK_MAX_RETRIES", 6, maximum=50)
WEBHOOK_TIMEOUT = env.integer("WEBHOOK_TIMEOUT", 10, minimum=1, maximum=120)
WEBHOOK_CONCURRENCY = env.integer("WEBHOOK_CONCURRENCY", 32, minimum=1, maximum=256)
WEBHOOK_JITTER_PERCENT = env.integer("WEBHOOK_JITTER_PERCENT", 0, maximum=100)
WEBHOOK_DISABLE_AFTER_DAYS = env.integer("WEBHOOK_DISABLE_AFTER_DAYS", 5, maximum=365)
"""An endpoint whose every attempt failed for so long is disabled; 0 for never."""
WEBHOOK_ALERT_EMAILS = env.items("WEBHOOK_ALERT_EMAILS")
"""Who is told of endpoints in trouble beside their owners."""
WEBHOOK_RETENTION_DAYS = env.integer("WEBHOOK_RETENTION_DAYS", 30, minimum=1)
WEBHOOK_DEAD_RETENTION_DAYS = env.integer("WEBHOOK_DEAD_RETENTION_DAYS", 90, minimum=1)

_KEY_BYTES = 32


def _encryption_keys(name: str) -> tuple[bytes, ...]:
    given = env.secret(name, None)
    keys: list[bytes] = []
    for text in (part.strip() for part in (given or "").split(",") if part.strip()):
        try:
            key = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            raise ImproperlyConfigured(
                f"{name}: each key is {_KEY_BYTES} random bytes in base64, separated by commas."
            )
        keys.append(key)
    return tuple(keys)


WEBHOOK_ENCRYPTION_KEYS = _encryption_keys("WEBHOOK_ENCRYPTION_KEYS")
"""The key ring for secrets at rest: the first key seals, all of them open."""
