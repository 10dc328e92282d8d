"""Whether two answers go together: tests of a table of counts, and how strongly they do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Counts = Sequence[Sequence[float]]
SMALL_EXPECTED = 5
MOST_SMALL = 0.2
"""Cochran's rule: no more than a fifth of the expected counts below 5, and none below 1."""
PAIR = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Association:
    """A test of independence. `statistic` and `degrees` are of chi-square; None for Fisher's test.

    `cramers_v` is bias-corrected, from 0 (independent) to 1. `reliable` says whether the expected
    counts are large enough for chi-square; Fisher's test needs no such thing.
    """

    test: str
    statistic: float | None
    degrees: int | None
    p_value: float
    cramers_v: float
    smallest_expected: float
    reliable: bool


def associate(counts: Counts, *, test: str = "auto") -> Association | None:
    """Test whether rows and columns are independent.

    Args:
        counts: rows of counts, of equal length. Empty rows and columns are left out.
        test: `chi2`, `fisher` (of a 2 x 2 table), or `auto`: Fisher's where a 2 x 2 table breaks
            Cochran's rule, else chi-square without continuity correction.

    Returns:
        None where fewer than two rows or columns are left, so that there is nothing to test.

    Raises:
        ValueError: Fisher's test of another shape, or of weighted counts.

    Sources: K. Pearson (1900); R. A. Fisher, Statistical Methods for Research Workers (1934);
    W. G. Cochran, Biometrics 10 (1954); W. Bergsma, "A bias-correction for Cramér's V and
    Tschuprow's T", J. Korean Stat. Soc. 42 (2013).
    """
    table = _without_empty(counts)
    if len(table) < PAIR or len(table[0]) < PAIR:
        return None
    expected = expected_counts(table)
    flat = [each for row in expected for each in row]
    reliable = min(flat) >= 1 and sum(each < SMALL_EXPECTED for each in flat) <= MOST_SMALL * len(
        flat
    )
    statistic = sum(
        (found - wanted) ** 2 / wanted
        for row, wanted_row in zip(table, expected, strict=True)
        for found, wanted in zip(row, wanted_row, strict=True)
    )
    degrees = (len(table) - 1) * (len(table[0]) - 1)
    exact = test == "fisher" or (test == "auto" and not reliable and _suits_fisher(table))
    return Association(
        test="fisher" if exact else "chi2",
        statistic=None if exact else statistic,
        degrees=None if exact else degrees,
        p_value=_fisher(table) if exact else _chi_square_tail(statistic, degrees),
        cramers_v=_cramers_v(statistic, table),
        smallest_expected=min(flat),
        reliable=exact or reliable,
    )


def expected_counts(counts: Counts) -> list[list[float]]:
    """What every cell would hold if rows and columns were independent (K. Pearson, 1900)."""
    rows = [sum(row) for row in counts]
    columns = [sum(column) for column in zip(*counts, strict=True)]
    total = sum(rows)
    return [[row * column / total for column in columns] for row in rows]


def adjusted_residuals(counts: Counts) -> list[list[float | None]]:
    """How many standard deviations each cell is from what independence expects.

    None in a row or column that holds nothing or everything. Source: S. J. Haberman, Biometrics
    29 (1973).
    """
    rows = [sum(row) for row in counts]
    columns = [sum(column) for column in zip(*counts, strict=True)]
    total = sum(rows)

    def residual(found: float, row: float, column: float) -> float | None:
        if not 0 < row < total or not 0 < column < total:
            return None
        wanted = row * column / total
        spread = wanted * (1 - row / total) * (1 - column / total)
        return (found - wanted) / math.sqrt(spread)

    return [
        [residual(found, rows[r], columns[c]) for c, found in enumerate(row)]
        for r, row in enumerate(counts)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, in the order given: the family-wise error stays.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def two_sided(z: float) -> float:
    """The p-value of a standard normal deviate, erfc(|z| / √2).

    Source: M. Abramowitz and I. Stegun, Handbook of Mathematical Functions (1964), 7.1.
    """
    return math.erfc(abs(z) / math.sqrt(2))


def _without_empty(counts: Counts) -> list[list[float]]:
    rows = [list(row) for row in counts if any(row)]
    if not rows:
        return []
    kept = [n for n in range(len(rows[0])) if any(row[n] for row in rows)]
    return [[row[n] for n in kept] for row in rows]


def _suits_fisher(table: Counts) -> bool:
    is_square = len(table) == PAIR and len(table[0]) == PAIR
    return is_square and all(float(each).is_integer() for row in table for each in row)


def _fisher(table: Counts) -> float:
    """The probability of this table or a less likely one, its margins given."""
    if not _suits_fisher(table):
        raise ValueError("Fisher's exact test is of a 2 x 2 table of whole counts.")
    from scipy.stats import fisher_exact

    return float(fisher_exact([[int(each) for each in row] for row in table]).pvalue)


def _chi_square_tail(statistic: float, degrees: int) -> float:
    from scipy.special import chdtrc  # loads in a third of the time of scipy.stats

    return float(chdtrc(degrees, statistic))


def _cramers_v(statistic: float, table: Counts) -> float:
    total = sum(map(sum, table))
    rows, columns = len(table), len(table[0])
    if total <= 1:
        return 0.0
    phi = max(0.0, statistic / total - (rows - 1) * (columns - 1) / (total - 1))
    rows_left = rows - (rows - 1) ** 2 / (total - 1)
    columns_left = columns - (columns - 1) ** 2 / (total - 1)
    smaller = min(rows_left, columns_left) - 1
    return min(1.0, math.sqrt(phi / smaller)) if smaller > 0 else 0.0
