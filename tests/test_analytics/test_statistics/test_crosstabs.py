"""Tests of tables against published examples and scipy's own."""

import math

import pytest
from hypothesis import assume, given, settings as hypothesis_settings, strategies as st
from scipy import stats

from analytics.statistics.crosstabs import (
    adjusted_residuals,
    associate,
    expected_counts,
    holm,
    two_sided,
)

BERKELEY = [[1198, 1493], [557, 1278]]
"""Admitted and rejected men and women, Bickel, Hammel and O'Connell, Science 187 (1975)."""
TEA = [[3, 1], [1, 3]]
"""The lady tasting tea: Fisher, The Design of Experiments (1935)."""


def test_berkeley_admissions_depend_on_sex():
    found = associate(BERKELEY)
    assert (found.test, found.degrees, found.reliable) == ("chi2", 1, True)
    assert round(found.statistic, 1) == 92.2
    assert found.p_value < 1e-20
    assert round(found.cramers_v, 3) == 0.142


def test_eight_cups_of_tea_are_too_few_for_chi_square():
    found = associate(TEA)
    assert (found.test, found.statistic, found.reliable) == ("fisher", None, True)
    assert math.isclose(found.p_value, 34 / 70)
    asked = associate(TEA, test="chi2")
    assert (asked.test, asked.reliable, asked.smallest_expected) == ("chi2", False, 2)


def test_a_table_with_one_row_or_column_has_nothing_to_test():
    assert associate([[3, 4]]) is None
    assert associate([[3, 0], [4, 0]]) is None
    assert associate([[0, 0], [0, 0]]) is None
    assert associate([]) is None


def test_fisher_is_refused_for_larger_tables_and_weighted_counts():
    for table in ([[1, 2, 3], [4, 5, 6]], [[1.5, 2], [3, 4]]):
        with pytest.raises(ValueError, match="2 x 2 table of whole counts"):
            associate(table, test="fisher")


tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 60), min_size=width, max_size=width), min_size=2, max_size=4
    )
)


@hypothesis_settings(deadline=None)
@given(tables)
def test_chi_square_is_scipys(table):
    assume(all(map(any, table)) and all(map(any, zip(*table, strict=True))))
    found = associate(table, test="chi2")
    expected = stats.chi2_contingency(table, correction=False)
    assert math.isclose(found.statistic, expected.statistic, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(found.p_value, expected.pvalue, rel_tol=1e-9, abs_tol=1e-12)
    assert found.degrees == expected.dof
    for ours, theirs in zip(expected_counts(table), expected.expected_freq.tolist(), strict=True):
        assert ours == pytest.approx(theirs)
    assert 0 <= found.cramers_v <= 1


def test_residuals_of_a_two_by_two_table_are_the_root_of_its_chi_square():
    (first, second), (third, fourth) = adjusted_residuals(BERKELEY)
    assert math.isclose(first**2, associate(BERKELEY).statistic)
    assert (second, third) == pytest.approx((-first, -first))
    assert fourth == pytest.approx(first)
    assert adjusted_residuals([[3, 4]]) == [[None, None]]


def test_holm_corrects_as_in_the_worked_example():
    # Holm's own procedure on (0.01, 0.04, 0.03, 0.005), worked by hand.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.9, 0.9]) == [1.0, 1.0]


def test_the_p_value_of_a_deviate_is_two_sided():
    assert round(two_sided(1.959964), 6) == 0.05
    assert two_sided(0) == 1
