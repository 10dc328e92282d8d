"""The keys of an endpoint: given, brought, rotated with grace.

While keys are rotated, messages carry a signature of each that is still good. Rotating once more
does not end the one the receiver has: whoever repeats a call whose answer was lost must not lock
the receiver out. But nothing older outlives the grace that was chosen last.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.views.decorators.debug import sensitive_variables

from formplatform.core import clock
from formplatform.core.errors import FieldError, InvalidInputError
from integrations import encryption

from . import keys
from .models import SigningSecret, Webhook

Kind = SigningSecret.Kind
GRACE = timedelta(hours=24)
"""How long the keys before keep signing beside the new one, unless somebody chooses."""
LONGEST_GRACE = timedelta(days=7)
MOST_KEYS = 4
"""Of each kind at a time; each costs every message a signature."""


@sensitive_variables("secret")
def add_secret(webhook: Webhook, secret: str | None = None) -> str:
    """Give an endpoint a secret: a new one, or one that its receiver has already.

    Raises:
        InvalidInputError: a secret that was brought is malformed, of another length or no chance.
    """
    if secret is None:
        secret = keys.generate_secret()
    elif fault := keys.find_fault(secret):
        errors = [FieldError("secret", "weak_secret", fault)]
        raise InvalidInputError("The secret cannot be used.", errors=errors)
    webhook.secrets.create(kind=Kind.HMAC, sealed=encryption.seal(secret, context=webhook.pk))
    return secret


def match_public_keys(webhook: Webhook) -> None:
    """An endpoint that is to be signed for with ed25519 has a key, any other has none."""
    if not webhook.asymmetric:
        webhook.secrets.filter(kind=Kind.ED25519).delete()
    elif not webhook.secrets.filter(kind=Kind.ED25519, expires_at=None).exists():
        _add_private_key(webhook)


@sensitive_variables("secret")
def rotate_secret(webhook: Webhook, *, grace: timedelta = GRACE, secret: str | None = None) -> str:
    """A new secret, shown this once; older ones sign along for the grace, 0 ends them now.

    Raises:
        InvalidInputError: see `add_secret`; then the older ones stay as they are.
    """
    with transaction.atomic():
        _retire(webhook, Kind.HMAC, grace=grace)
        return add_secret(webhook, secret)


def rotate_public_key(webhook: Webhook, *, grace: timedelta = GRACE) -> SigningSecret:
    """A new ed25519 key; older ones sign along and stay published for the grace.

    Raises:
        InvalidInputError: the endpoint has none.
    """
    if not webhook.asymmetric:
        message = "The endpoint has no ed25519 key: set asymmetric to true first."
        errors = [FieldError("kind", "not_asymmetric", message)]
        raise InvalidInputError("There is nothing to rotate.", errors=errors)
    with transaction.atomic():
        _retire(webhook, Kind.ED25519, grace=grace)
        return _add_private_key(webhook)


def public_keys(webhook_id: str, *, at: datetime) -> QuerySet[SigningSecret]:
    """The ed25519 keys that are good for an endpoint, the newest first."""
    return SigningSecret.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=at), webhook=webhook_id, kind=Kind.ED25519
    )


def _retire(webhook: Webhook, kind: Kind, *, grace: timedelta) -> None:
    """The row is locked: of two rotations at once each ends what the other made, in their order."""
    Webhook.objects.select_for_update().get(pk=webhook.pk)
    now = clock.now()
    older = webhook.secrets.filter(kind=kind)
    older.filter(Q(expires_at=None) | Q(expires_at__gt=now + grace)).update(expires_at=now + grace)
    older.filter(expires_at__lte=now).delete()
    surplus = older.values_list("pk", flat=True)[MOST_KEYS - 1 :]
    webhook.secrets.filter(pk__in=list(surplus)).delete()


def _add_private_key(webhook: Webhook) -> SigningSecret:
    private_key = keys.generate_private_key()
    return webhook.secrets.create(
        kind=Kind.ED25519,
        sealed=encryption.seal(private_key, context=webhook.pk),
        public_key=keys.public_key_of(private_key),
    )
