"""Stored secrets, sealed anew under the first key of the ring.

Each row is changed by itself and only as it was read, and what is done is not done again: a run
that was killed is gone on with by running again, two runs at once harm nothing, a rotation in
between wins.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.views.decorators.debug import sensitive_variables

from formplatform.core import clock
from integrations import encryption

from .models import SigningSecret

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
    for rows in _batches(batch):
        for row in rows:
            _reseal_one(row, result, dry_run=dry_run)
        progress(len(rows))
    return result


def count_secrets() -> int:
    return SigningSecret.objects.count()


def key_uses() -> list[KeyUse]:
    """How many secrets each key seals: those of the ring in its order, then those that are gone."""
    sealed = SigningSecret.objects.order_by().values_list("sealed", flat=True)
    counted = Counter(encryption.key_name_of(each) for each in sealed.iterator())
    ring = encryption.ring_names()
    gone = sorted(counted.keys() - set(ring))
    return [
        *(KeyUse(name=n, place=place, secrets=counted[n]) for place, n in enumerate(ring, 1)),
        *(KeyUse(name=n, place=None, secrets=counted[n]) for n in gone),
    ]


def _batches(size: int) -> Iterator[list[SigningSecret]]:
    """In the order of their ids: what is made meanwhile is seen too."""
    last = 0
    while rows := list(SigningSecret.objects.filter(pk__gt=last).order_by("pk")[:size]):
        yield rows
        last = rows[-1].pk


@sensitive_variables("text")
def _reseal_one(row: SigningSecret, result: Resealed, *, dry_run: bool) -> None:
    try:
        text = row.reveal()
    except encryption.UnsealError:
        result.unreadable.append(row.webhook_id)
        return
    if encryption.key_name_of(row.sealed) == encryption.ring_names()[0]:
        result.were_already += 1
        return
    sealed = encryption.seal(text, context=row.webhook_id)
    as_read = SigningSecret.objects.filter(pk=row.pk, sealed=row.sealed)
    if dry_run or as_read.update(sealed=sealed):
        result.resealed += 1
    else:
        result.changed_meanwhile += 1
