"""Computed answers are values every store can keep."""

import pytest

from formplatform.forms.schema.expressions import parse_expression

LARGEST = 2**53 - 1


@pytest.mark.parametrize(
    ("expression", "result"),
    [("a + 0", LARGEST), ("a * a * a * a", float(LARGEST) ** 4), ("-a - a", -2.0 * LARGEST)],
)
def test_an_integer_too_long_for_a_store_becomes_a_float(expression, result):
    found = parse_expression(expression).compute({"a": LARGEST})
    assert (found, type(found)) == (pytest.approx(result, rel=1e-15), type(result))


def test_a_number_beyond_every_float_is_no_answer():
    product = " * ".join(["a"] * 25)
    assert parse_expression(product).compute({"a": LARGEST}) is None
