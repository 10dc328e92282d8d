"""Setting counters right in place, where others prove which responses are counted.

A day is counted anew from the form store and put in the place of its counters in one call, if
they are still what they were before the store was read. So what is counted meanwhile is neither
lost nor counted twice: it has changed the day's hash, or it waits and is added to the new counters.
"""

import json
from collections.abc import Mapping, Sequence

from analytics import keys
from analytics.contributions.exact_sums import limbs
from analytics.contributions.moments import Moments, Passing, minute_of
from analytics.keys import FormKeys
from analytics.numbers.server_functions import MEND, Call, ServerFunctions
from analytics.numbers.waiting import take_waiting
from formplatform.core import clock
from formplatform.core.connections import Numbers, numbers
from formplatform.forms.storage.hashing import response_hashes
from formplatform.forms.storage.registry import get_store

from .stored_days import EVER, SOON, responses_of_day, sum_of_days

Name = tuple[str, str]
"""A key, and the name of a counter in it."""


def mend_day(form_id: str, day: str) -> bool:
    """Count the moments of a UTC day anew. False, and nothing changed, where they are moving."""
    limbs_of_day = [keys.hash_of_day(day, limb) for limb in keys.HASH_LIMBS]
    names = [(keys.days(), day), *((keys.hashes(), name) for name in limbs_of_day)]
    mending = _Mending(form_id, names)
    moments = Moments()
    for page in responses_of_day(form_id, day):
        live = [each for each in page if each.deleted_at is None]
        found = response_hashes([(each.id, each.revision) for each in live])
        moments.add([minute_of(each.submitted_at) for each in live], found, 1)
    counted = {keys.days(): moments.days(), keys.hashes(): moments.hashes()}
    passing: dict[str, Passing] = {
        key: (key, {}, 0) for key in (keys.quarter_hours(day), keys.minutes(day))
    }
    passing |= {each[0]: each for each in moments.passing()}
    return mending.set({name: counted[name[0]].get(name[1], 0) for name in names}, passing)


def mend_totals(form_id: str) -> bool:
    """Make the totals what the stored days come to. False where they are moving."""
    hashes = [(keys.stats(), f"{keys.HASH}{limb}") for limb in keys.HASH_LIMBS]
    total = keys.stats(), keys.TOTAL
    mending = _Mending(form_id, [total, *hashes])
    count, found = sum_of_days(get_store().day_hashes(form_id, **EVER))
    digits = dict(limbs(found))
    return mending.set({total: count} | {hashes[n]: digits.get(n, 0) for n in keys.HASH_LIMBS}, {})


class _Mending:
    """Some counters of a form as they were before the store was read."""

    def __init__(self, form_id: str, names: Sequence[Name]) -> None:
        self._redis: Numbers = numbers()
        self._functions = ServerFunctions(self._redis)
        self._form = FormKeys(form_id)
        self._take_waiting()
        self._generation = int(self._redis.get(self._form.generation) or 0)
        self._seen = [(*name, self._value(*name)) for name in names]

    def set(self, counters: Mapping[Name, int], passing: Mapping[str, Passing]) -> bool:
        """Set the counters, and whole keys that expire, unless anything was counted meanwhile."""
        if get_store().is_waiting(self._form.form_id, before=clock.now() + SOON):
            return False
        self._take_waiting()  # what the store knew of and had been counted is in the counters now
        asked = {
            "seen": self._seen,
            "counters": [(*name, str(value)) for name, value in counters.items()],
            "passing": [
                (key, [text for pair in values.items() for text in map(str, pair)], expires_at)
                for key, values, expires_at in passing.values()
            ],
        }
        arguments = self._generation, self._form.prefix, json.dumps(asked)
        return bool(self._functions.run([Call(MEND, [self._form.guard], arguments)])[0])

    def _value(self, key: str, name: str) -> str:
        found = self._redis.hget(self._form.prefix + key, name)
        return found.decode() if isinstance(found, bytes) else str(found or "")

    def _take_waiting(self) -> None:
        take_waiting(self._redis, self._functions, self._form.form_id)
