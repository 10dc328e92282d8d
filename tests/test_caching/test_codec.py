import math
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from caching.codec import UncacheableError, decode, encode

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.decimals(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(0, 99), inner, max_size=4)
    ),
    max_leaves=20,
)


def types(value):
    """The shape of a value: what `==` alone would not tell apart."""
    if isinstance(value, dict):
        return dict, {key: types(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [types(item) for item in value]
    return type(value)


@given(PLAIN)
def test_a_value_comes_back_equal_and_of_the_same_types(value):
    back = decode(encode(value))

    assert back == value
    assert types(back) == types(value)


def test_not_a_number_and_a_negative_zero_survive():
    assert math.isnan(decode(encode(math.nan)))
    assert math.copysign(1, decode(encode(-0.0))) == -1


def test_a_time_keeps_its_offset():
    moment = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))

    assert decode(encode(moment)).utcoffset() == timedelta(hours=2)


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        UUID(int=1),
        Colour.RED,
        datetime(2026, 1, 1),  # noqa: DTZ001 - a naive time is the point
        2**64,
        "\ud800",
        {"deep": object()},
        [(object(),)],
        lambda: None,
    ],
    ids=lambda value: type(value).__name__,  # a repr may tell an address, another one each time
)
def test_what_would_come_back_different_is_refused(value):
    with pytest.raises(UncacheableError):
        encode(value)


def test_a_structure_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)

    with pytest.raises(UncacheableError):
        encode(endless)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x92\x01", b"\x01\x02", b"\xd4\x63\x00"])
def test_bytes_that_are_not_ours_are_refused(data):
    with pytest.raises(ValueError, match="not a cached value"):
        decode(data)


def test_dates_and_times_are_told_apart():
    assert encode(date(2026, 1, 1)) != encode("2026-01-01")
