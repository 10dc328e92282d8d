"""Sums of numbers that do not depend on order and can be taken back exactly.

A number is an integer times a power of two. It is cut into 32-bit limbs, each added to an integer
counter of its own, as in the long accumulator of U. Kulisch (Computer Arithmetic and Validity,
2008). What a float sum loses by rounding, and a subtraction would leave behind, stays in the limbs.
A counter of 64 bits takes 2³¹ limbs before it overflows.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction

LIMB_BITS = 32
LARGEST_INT = 2**63 - 1
_MASK = (1 << LIMB_BITS) - 1


def limbs(number: int | Fraction) -> Iterator[tuple[int, int]]:
    """(index, digit) pairs with number = Σ digit · 2^(32·index), |digit| < 2³², zeros left out."""
    scaled, index = _whole(number)
    sign = -1 if scaled < 0 else 1
    rest = abs(scaled)
    while rest:
        if digit := rest & _MASK:
            yield index, sign * digit
        rest >>= LIMB_BITS
        index += 1


def _whole(number: int | Fraction) -> tuple[int, int]:
    """The number as an integer times 2^(32·index). The denominator must be a power of two."""
    if isinstance(number, int):
        return number, 0
    bits = number.denominator.bit_length() - 1
    count = -(-bits // LIMB_BITS)
    return number.numerator << (count * LIMB_BITS - bits), -count


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
