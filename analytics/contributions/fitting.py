"""Which of many answers are of their field's kind: nearly always all, which is soon seen."""

import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from analytics.query.fields import LARGEST_STORED, Kind, fits


def fitting(kind: Kind, given: list[Any]) -> list[Any]:
    """The answers for which `fits` holds."""
    test = _ALL_FIT.get(kind)
    if test is not None and test(given):
        return given
    return [answer for answer in given if fits(kind, answer)]


def _types(given: Iterable[Any]) -> set[type]:
    return {*map(type, given)}


def _are_numbers(given: list[Any]) -> bool:
    types = _types(given)
    if types == {int}:
        return all(-LARGEST_STORED <= end <= LARGEST_STORED for end in (min(given), max(given)))
    return types == {float} and all(map(math.isfinite, given))


def _are_texts(given: list[Any]) -> bool:
    return _types(given) == {str}


_ALL_FIT: dict[Kind, Callable[[list[Any]], bool]] = {
    Kind.CHOICE: _are_texts,
    Kind.DATE: _are_texts,
    Kind.MOMENT: _are_texts,
    Kind.BOOLEAN: lambda given: _types(given) == {bool},
    Kind.NUMBER: _are_numbers,
    Kind.OPTIONS: lambda given: (
        _types(given) == {list} and _types(chain.from_iterable(given)) <= {str}
    ),
}
