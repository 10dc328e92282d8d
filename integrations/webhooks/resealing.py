"""Stored secrets, the values of headers among them, sealed anew under the first key of the ring.

Each row is changed by itself and only as it was read, and what is done is not done again: a run
that was killed is gone on with by running again, two runs at once harm nothing, a rotation in
between wins.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from formplatform.core import clock
from integrations import encryption

from .models import SigningSecret, Webhook

BATCH = 500


@dataclass(kw_only=True, slots=True)
class Resealed:
    """What came of a run. `unreadable` has the endpoint's id for each secret that does not open."""

    resealed: int = 0
    were_already: int = 0
    changed_meanwhile: int = 0
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyUse:
    """A key that seals, by its name; `place` in the ring counts from 1, None where it is gone."""

    name: str
    place: int | None
    secrets: int

    @property
    def may_be_dropped(self) -> bool:
        return self.place is not None and self.place > 1 and self.secrets == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """Something sealed: a signing secret, or the headers of an endpoint."""

    webhook_id: str
    sealed: str
    context: str
    reveal: Callable[[], str]
    replace: Callable[[str], bool]
    """Write it sealed anew; False where it is no longer as it was read."""


def reseal(
    *, dry_run: bool = False, batch: int = BATCH, progress: Callable[[int], object] = int
) -> Resealed:
    """Seal every secret that an older key sealed under the first key; ended ones are deleted.

    Args:
        dry_run: open everything, write nothing.
        batch: rows that are read at a time.
        progress: called with the number of rows that are done since the last call.
    """
    if not dry_run:
        SigningSecret.objects.filter(expires_at__lte=clock.now()).delete()
    result = Resealed()
    for kept in _batches(batch):
        for each in kept:
            _reseal_one(each, result, dry_run=dry_run)
        progress(len(kept))
    return result


def count_secrets() -> int:
    return SigningSecret.objects.count() + _with_headers().count()


def key_uses() -> list[KeyUse]:
    """How many secrets each key seals: those of the ring in its order, then those that are gone."""
    secrets = SigningSecret.objects.order_by().values_list("sealed", flat=True)
    headers = _with_headers().order_by().values_list("sealed_headers", flat=True)
    sealed = itertools.chain(secrets.iterator(), headers.iterator())
    counted = Counter(encryption.key_name_of(each) for each in sealed)
    ring = encryption.ring_names()
    gone = sorted(counted.keys() - set(ring))
    return [
        *(KeyUse(name=n, place=place, secrets=counted[n]) for place, n in enumerate(ring, 1)),
        *(KeyUse(name=n, place=None, secrets=counted[n]) for n in gone),
    ]


def _with_headers() -> QuerySet[Webhook]:
    return Webhook.objects.exclude(sealed_headers="")


def _batches(size: int) -> Iterator[list[_Kept]]:
    """In the order of their ids: what is made meanwhile is seen too."""
    last = 0
    while rows := list(SigningSecret.objects.filter(pk__gt=last).order_by("pk")[:size]):
        yield [
            _Kept(
                webhook_id=row.webhook_id,
                sealed=row.sealed,
                context=row.webhook_id,
                reveal=row.reveal,
                replace=partial(_replace_secret, row),
            )
            for row in rows
        ]
        last = rows[-1].pk
    after = ""
    while webhooks := list(_with_headers().filter(pk__gt=after).order_by("pk")[:size]):
        yield [
            _Kept(
                webhook_id=webhook.pk,
                sealed=webhook.sealed_headers,
                context=webhook.headers_context,
                reveal=webhook.headers_text,
                replace=partial(_replace_headers, webhook),
            )
            for webhook in webhooks
        ]
        after = webhooks[-1].pk


def _replace_secret(row: SigningSecret, sealed: str) -> bool:
    as_read = SigningSecret.objects.filter(pk=row.pk, sealed=row.sealed)
    return as_read.update(sealed=sealed) > 0


def _replace_headers(webhook: Webhook, sealed: str) -> bool:
    as_read = Webhook.objects.filter(pk=webhook.pk, sealed_headers=webhook.sealed_headers)
    return as_read.update(sealed_headers=sealed) > 0


@sensitive_variables("text")
def _reseal_one(kept: _Kept, result: Resealed, *, dry_run: bool) -> None:
    try:
        text = kept.reveal()
    except encryption.UnsealError:
        result.unreadable.append(kept.webhook_id)
        return
    if encryption.key_name_of(kept.sealed) == encryption.ring_names()[0]:
        result.were_already += 1
        return
    sealed = encryption.seal(text, context=kept.context)
    if dry_run or kept.replace(sealed):
        result.resealed += 1
    else:
        result.changed_meanwhile += 1
