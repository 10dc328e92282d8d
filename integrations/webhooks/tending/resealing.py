"""What is stored sealed (keys, and headers people add), sealed anew.

All of it goes under the first key of the ring. Each row is changed by itself and only as it was
read, and what is done is not done again: a run that was killed is gone on with by running again,
two runs at once harm nothing, a rotation in between wins.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.views.decorators.debug import sensitive_variables

from formplatform.core import clock
from integrations import encryption
from integrations.webhooks.models import SigningSecret, Webhook, headers_context

BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """A column that holds sealed texts, whose they are, and what they are sealed with."""

    model: type[SigningSecret | Webhook]
    column: str
    webhook_id: str
    context: Callable[[str], str]

    def rows(self) -> QuerySet[Any]:
        return self.model.objects.exclude(**{self.column: ""}).order_by("pk")


SHELVES = (
    Shelf(model=SigningSecret, column="sealed", webhook_id="webhook_id", context=str),
    Shelf(model=Webhook, column="sealed_headers", webhook_id="pk", context=headers_context),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """A row of a shelf, as it was read."""

    shelf: Shelf
    pk: Any
    text: str
    webhook_id: str


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
    return sum(shelf.rows().count() for shelf in SHELVES)


def key_uses() -> list[KeyUse]:
    """How many secrets each key seals: those of the ring in its order, then those that are gone."""
    counted = Counter(
        encryption.key_name_of(text)
        for shelf in SHELVES
        for text in shelf.rows().values_list(shelf.column, flat=True).iterator()
    )
    ring = encryption.ring_names()
    gone = sorted(counted.keys() - set(ring))
    return [
        *(KeyUse(name=n, place=place, secrets=counted[n]) for place, n in enumerate(ring, 1)),
        *(KeyUse(name=n, place=None, secrets=counted[n]) for n in gone),
    ]


def _batches(size: int) -> Iterator[list[Sealed]]:
    """In the order of their ids: what is made meanwhile is seen too."""
    for shelf in SHELVES:
        columns = ("pk", shelf.column, shelf.webhook_id)
        rows = shelf.rows().values_list(*columns)
        found = list(rows[:size])
        while found:
            yield [
                Sealed(shelf=shelf, pk=pk, text=text, webhook_id=webhook_id)
                for pk, text, webhook_id in found
            ]
            found = list(rows.filter(pk__gt=found[-1][0])[:size])


@sensitive_variables("opened")
def _reseal_one(row: Sealed, result: Resealed, *, dry_run: bool) -> None:
    context = row.shelf.context(row.webhook_id)
    try:
        opened = encryption.unseal(row.text, context=context)
    except encryption.UnsealError:
        result.unreadable.append(row.webhook_id)
        return
    if encryption.key_name_of(row.text) == encryption.ring_names()[0]:
        result.were_already += 1
        return
    as_read = row.shelf.rows().filter(**{"pk": row.pk, row.shelf.column: row.text})
    sealed = encryption.seal(opened, context=context)
    if dry_run or as_read.update(**{row.shelf.column: sealed}):
        result.resealed += 1
    else:
        result.changed_meanwhile += 1
