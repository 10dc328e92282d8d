"""Sums of numbers that do not depend on order and can be taken back exactly.

A number is an integer times a power of two. It is cut into 32-bit limbs, each added to an integer
counter of its own, as in the long accumulator of U. Kulisch (Computer Arithmetic and Validity,
2008). What a float sum loses by rounding, and a subtraction would leave behind, stays in the limbs.
A counter of 64 bits takes 2³¹ limbs before it overflows.
"""

from collections.abc import Mapping
from fractions import Fraction

LIMB_BITS = 32
LARGEST_INT = 2**63 - 1
_MASK = (1 << LIMB_BITS) - 1


SUMS = frozenset({"sum", "squares"})
"""How the names of limbs begin; their index follows, after a colon."""
Limbs = list[tuple[int, int]]


def limbs_and_squares(number: float) -> tuple[Limbs, Limbs]:
    """The limbs of a finite number and of its square."""
    return sums_and_squares({number: 1})


def sums_and_squares(numbers: Mapping[float, int]) -> tuple[Limbs, Limbs]:
    """The limbs of the sum, and of the sum of squares, of finite numbers that come so often."""
    sums: dict[int, int] = {}
    squares: dict[int, int] = {}
    for number, amount in numbers.items():
        numerator, denominator = number.as_integer_ratio()
        sums[denominator] = sums.get(denominator, 0) + amount * numerator
        squares[denominator] = squares.get(denominator, 0) + amount * numerator * numerator
    finest = max(sums, default=1)
    bits = finest.bit_length() - 1
    total = sum(found * (finest // each) for each, found in sums.items())
    of_squares = sum(found * (finest // each) ** 2 for each, found in squares.items())
    return limbs(total, bits), limbs(of_squares, 2 * bits)


def limbs(numerator: int, bits: int = 0) -> list[tuple[int, int]]:
    """(index, digit) pairs with numerator / 2^bits = Σ digit · 2^(32·index).

    Every |digit| is below 2³²; zeros are left out.
    """
    sign = -1 if numerator < 0 else 1
    shift = -(-bits // LIMB_BITS)
    rest, index = abs(numerator) << (shift * LIMB_BITS - bits), -shift
    found = []
    while rest:
        if digit := rest & _MASK:
            found.append((index, sign * digit))
        rest >>= LIMB_BITS
        index += 1
    return found


def balance_of(counters: Mapping[str, int]) -> int:
    """The counters of a number added up, wherever its sums were cut into limbs.

    A digit weighs 2^(32 · index), modulo 2³¹ - 1: that is 2^(index modulo 31).
    """
    found = 0
    for name, amount in counters.items():
        begin, _, index = name.partition(":")
        found += amount << int(index) % 31 if begin in SUMS else amount
    return found


def total(digits: Mapping[int, int]) -> Fraction:
    """The exact sum the limbs hold."""
    return sum(
        (Fraction(digit) * Fraction(2) ** (LIMB_BITS * index) for index, digit in digits.items()),
        Fraction(0),
    )


def to_number(exact: Fraction) -> int | float | None:
    """The nearest number: an int where it is whole and has 64 bits; None beyond every float."""
    if exact.denominator == 1 and abs(exact.numerator) <= LARGEST_INT:
        return exact.numerator
    try:
        return float(exact)
    except OverflowError:
        return None
