"""Sums by limbs are exact and forget what is taken back."""

import math
from collections import Counter
from fractions import Fraction

from hypothesis import given, strategies as st

from analytics.contributions.exact_sums import limbs_and_squares, to_number, total

numbers = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))


@given(numbers)
def test_limbs_hold_the_number_itself_and_its_square(number):
    digits, squares = map(dict, limbs_and_squares(number))
    assert total(digits) == Fraction(number)
    assert total(squares) == Fraction(number) ** 2
    assert all(0 < abs(digit) < 2**32 for digit in [*digits.values(), *squares.values()])


@given(st.lists(numbers, max_size=20), st.lists(numbers, max_size=20))
def test_what_is_added_and_taken_back_leaves_nothing(kept, removed):
    sums = Counter()
    for number in [*kept, *removed]:
        sums.update(dict(limbs_and_squares(number)[0]))
    for number in removed:
        sums.subtract(dict(limbs_and_squares(number)[0]))
    assert total(sums) == sum(map(Fraction, kept))


@given(st.lists(st.floats(-1e300, 1e300), max_size=30))
def test_the_sum_as_a_number_is_the_correctly_rounded_one(values):
    sums = Counter()
    for number in values:
        sums.update(dict(limbs_and_squares(number)[0]))
    assert float(to_number(total(sums))) == math.fsum(values)


def test_a_sum_beyond_every_float_is_none_and_a_huge_whole_one_a_float():
    assert to_number(Fraction(10) ** 400 / 3) is None
    assert to_number(Fraction(2**80)) == 2.0**80
    assert type(to_number(Fraction(2**80))) is float
    assert to_number(Fraction(2**63 - 1)) == 2**63 - 1
