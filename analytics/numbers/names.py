"""How the counters of each key may be called; whatever else is there, somebody put by hand."""

import re
from collections.abc import Iterable
from datetime import date

from analytics import keys

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INTEGER = re.compile(r"\d+")
_LIMB = re.compile(r"\d{4}-\d\d-\d\d:\d+")
_TOTAL = re.compile(rf"{keys.TOTAL}|{keys.BALANCE}|{keys.HASH}\d+")
_NUMBER = re.compile(r"count|z|(p|n|sum|squares):-?\d+")


def are_possible(key: str, names: Iterable[str]) -> bool:
    """Whether all counters of a key can be called so."""
    pattern = _pattern(key)
    return pattern is None or all(pattern.fullmatch(each) and _is_dated(each) for each in names)


def _pattern(key: str) -> re.Pattern[str] | None:
    if key.endswith(keys.NUMBERS):
        return _NUMBER
    begin, _, day = key.rpartition(":")
    is_of_day = begin + ":" in (keys.QUARTERS, keys.SESSION_QUARTERS, keys.MINUTES)
    return _INTEGER if is_of_day and _DAY.fullmatch(day) else _NAMED.get(key)


def _is_dated(name: str) -> bool:
    """Whether a name that begins like a day begins with one."""
    if not _DAY.match(name):
        return True
    try:
        date.fromisoformat(name.partition(":")[0])
    except ValueError:
        return False
    return True


_NAMED = {
    keys.stats(): _TOTAL,
    keys.days(): _DAY,
    keys.session_days(): _DAY,
    keys.hashes(): _LIMB,
}
