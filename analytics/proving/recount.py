"""Counting a form anew beside its numbers, only to compare the two key by key.

It takes as long as a rebuild, and finds what no sum can tell. Left out are the buckets of minutes
and quarter-hours that run out by themselves. Where a field has more values than are counted one by
one, which of them have a count of their own depends on the order they came in: then only their sum
is compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from analytics import keys
from analytics.contributions import exact_sums
from analytics.figures.summaries import OTHER
from analytics.keys import FormKeys
from analytics.numbers.counters import DamagedError, checked, counts_of, without_extremes
from analytics.numbers.generations import Generations
from analytics.numbers.server_functions import ServerFunctions
from analytics.numbers.waiting import take_waiting
from analytics.rebuild import count_into
from analytics.times import retention
from formplatform.core.connections import numbers
from formplatform.forms.storage.hashing import MODULUS
from formplatform.forms.storage.registry import get_store

from .proof import hash_of

LOOKS = 8
KEYS_AT_ONCE = 500
SHOWN = 10
APPLIED = "applied"
NOT_COMPARED = (
    "shadow:", "generation", "rebuild", "verified",
    keys.WAITING, keys.TAKEN, keys.MINUTES, keys.GONE,
)  # fmt: skip
ESTIMATE = b"(different answers)"
DAMAGED = {b"(no counters)": b"1"}
Hash = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """A key of the numbers that a recount comes out otherwise, and some names within it."""

    key: str
    names: tuple[str, ...]


def compare_with_recount(form_id: str) -> tuple[KeyDifference, ...]:
    """Every key that differs, each time it is looked at. The live numbers stay as they are.

    Raises ConflictError where a rebuild of the form takes over.
    """
    generations = Generations(numbers(), form_id)
    generation = generations.announce()
    try:
        count_into(form_id, generations, generation)
        _take_waiting(form_id)
        comparison = _Comparison(form_id, generations.live, generation)
        differing = comparison.differences(comparison.names())
        for _ in range(LOOKS - 1):  # a count reaches the live numbers first, then the others
            if differing:
                _take_waiting(form_id)
            differing &= comparison.differences(differing)
        return tuple(comparison.describe(name) for name in sorted(differing))
    finally:
        generations.abandon(generation)
        generations.clean()


def _take_waiting(form_id: str) -> None:
    take_waiting(numbers(), ServerFunctions(numbers()), form_id)


class _Comparison:
    """The live numbers of a form beside those of a recount, by names within each."""

    def __init__(self, form_id: str, live: int, recount: int) -> None:
        self._form_id = form_id
        root = FormKeys(form_id).root
        self._root = root
        self._places = {
            False: (root, f"{root}{APPLIED}:{live}:"),
            True: (FormKeys(form_id, recount).prefix, f"{root}{APPLIED}:{recount}:"),
        }
        self._generations = {str(live), str(recount)}

    def names(self) -> set[str]:
        """The name of every key of either."""
        shadow = self._places[True][0].removeprefix(self._root)
        found: set[str] = set()
        for key in numbers().scan_iter(match=f"{self._root}*", count=1000):
            name = key.decode().removeprefix(self._root).removeprefix(shadow)
            family, _, rest = name.partition(":")
            generation, _, bucket = rest.partition(":")
            if family != APPLIED:
                found.add(name)
            elif generation in self._generations:
                found.add(f"{APPLIED}:{bucket}")
        return {name for name in found if _is_compared(name)}

    def differences(self, names: set[str]) -> set[str]:
        ordered = sorted(names)
        return {
            name
            for start in range(0, len(ordered), KEYS_AT_ONCE)
            for name, here, there in self._read(ordered[start : start + KEYS_AT_ONCE])
            if self._differing(name, here, there)
        }

    def describe(self, name: str) -> KeyDifference:
        (_, here, there), *_ = self._read([name])
        some = sorted(self._differing(name, here, there))[:SHOWN]
        return KeyDifference(name, tuple(some))

    def _read(self, names: Sequence[str]) -> Iterator[tuple[str, Hash, Hash]]:
        pipeline = numbers().pipeline(transaction=False)
        for name in names:
            ours, recounted = self._key(name, recounted=False), self._key(name, recounted=True)
            if name.endswith(keys.DISTINCT):
                # Both together are no more than ours alone, where ours has them all.
                pipeline.execute_command("PFCOUNT", ours)
                pipeline.execute_command("PFCOUNT", ours, recounted)
            else:
                pipeline.hgetall(ours)
                pipeline.hgetall(recounted)
        answers = map(_as_hash, pipeline.execute(raise_on_error=False))
        for name in names:
            yield name, next(answers), next(answers)

    def _key(self, name: str, *, recounted: bool) -> str:
        prefix, applied = self._places[recounted]
        family, _, bucket = name.partition(":")
        return applied + bucket if family == APPLIED else prefix + name

    def _differing(self, name: str, here: Hash, there: Hash) -> set[str]:
        """The names within one key that differ."""
        if here is DAMAGED or there is DAMAGED:
            return {each.decode() for each in DAMAGED}
        if name.startswith(APPLIED):
            return self._differing_revisions(name, here, there)
        ours, recount = _comparable(name, here), _comparable(name, there)
        if OTHER in ours or OTHER in recount:
            return set() if sum(ours.values()) == sum(recount.values()) else {"(the sum)"}
        names = ours.keys() | recount.keys()
        differing = {each for each in names if ours.get(each) != recount.get(each)}
        return differing | _differing_extremes(here, there)

    def _differing_revisions(self, name: str, here: Hash, there: Hash) -> set[str]:
        """A recount knows only of live responses; of the deleted ones the store is asked."""
        unlike = {each.hex() for each in here | there if here.get(each) != there.get(each)}
        if not unlike or name.startswith(f"{APPLIED}:s"):
            return unlike
        deleted = {
            each.id: str(each.revision).encode()
            for each in get_store().find_responses(unlike)
            if each.form_id == self._form_id and each.deleted_at is not None
        }
        return {
            each
            for each in unlike
            if each not in deleted or here.get(bytes.fromhex(each)) != deleted[each]
        }


def _as_hash(answer: Any) -> Hash:
    try:
        found: Hash | int = checked(answer)
    except DamagedError:
        return DAMAGED
    return {ESTIMATE: str(found).encode()} if isinstance(found, int) else found


def _is_compared(name: str) -> bool:
    day = keys.day_of_quarters(name)
    return not name.startswith(NOT_COMPARED) and (day is None or retention.is_kept(day))


def _comparable(name: str, stored: Hash) -> dict[str, int | Fraction]:
    """The counters of a key that are not zero."""
    try:
        counts = counts_of(without_extremes(name, stored))
    except DamagedError:
        counts = counts_of(DAMAGED)
    if name == keys.stats():
        counts[keys.BALANCE] = counts.get(keys.BALANCE, 0) % keys.BALANCE_MODULUS
        found = hash_of(counts)
        counts = {each: n for each, n in counts.items() if not each.startswith(keys.HASH)}
        counts[keys.HASH] = found
    modulus = MODULUS if name == keys.hashes() else None
    return {field: count for field, count in _joined(counts, modulus).items() if count}


def _joined(counts: Mapping[str, int], modulus: int | None) -> dict[str, int | Fraction]:
    """The same with sums in limbs as what they come to: one sum can be cut in many ways."""
    found: dict[str, int | Fraction] = {}
    for field, count in counts.items():
        sum_name, parted, index = field.rpartition(":")
        if parted and (modulus or sum_name in exact_sums.SUMS):
            found[sum_name] = found.get(sum_name, 0) + exact_sums.total({int(index): count})
        else:
            found[field] = count
    return {field: count % modulus if modulus else count for field, count in found.items()}


def _differing_extremes(here: Hash, there: Hash) -> set[str]:
    """A recount's extremes are exact; a stale one of ours only has to lie beyond them."""
    low, recounted_low = _number(here, "min"), _number(there, "min")
    high, recounted_high = _number(here, "max"), _number(there, "max")
    differing = set()
    if low != recounted_low and not (b"min_stale" in here and _at_most(low, recounted_low)):
        differing.add("min")
    if high != recounted_high and not (b"max_stale" in here and _at_most(recounted_high, high)):
        differing.add("max")
    return differing


def _number(stored: Hash, name: str) -> float | None:
    text = stored.get(name.encode())
    return None if text is None else float(text)


def _at_most(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low <= high
