"""Matrix questions: one scale for several rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .estimates import Estimate
from .means import mean_of_counts
from .scales import numbered
from .shares import LEVEL, estimate_share

Cell = tuple[str, str]
"""Row and column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixCell:
    """`share` is of those who answer the row; None where nobody does."""

    column: str
    count: int
    share: Estimate | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixRow:
    """`n` answer the row. `mean` is of the numbers of the columns, None where they have none."""

    row: str
    n: int
    cells: tuple[MatrixCell, ...]
    mean: Estimate | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixSummary:
    """The rows in their order. `numbered` says whether every column is labelled by a number."""

    numbered: bool
    rows: tuple[MatrixRow, ...]


def summarise_matrix(
    counts: Mapping[Cell, int],
    rows: Sequence[str],
    columns: Mapping[str, str],
    *,
    level: float = LEVEL,
) -> MatrixSummary:
    """Each row by itself: how often each column, and the mean.

    Shares have Wilson's (1927) interval, means Student's (1908); steps are taken for equally far
    apart, as by Likert (1932).

    Args:
        counts: how many chose the column in the row.
        rows: every row, in its order.
        columns: column → label, in their order. Where all labels are whole numbers, each another,
            rows have means.
        level: of confidence, between 0 and 1.
    """
    found = numbered(list(columns.values()))
    numbers = dict(zip(columns, found, strict=True)) if found else None
    return MatrixSummary(
        numbered=numbers is not None,
        rows=tuple(
            _row(row, {column: counts.get((row, column), 0) for column in columns}, numbers, level)
            for row in rows
        ),
    )


def _row(
    row: str, counts: Mapping[str, int], numbers: Mapping[str, int] | None, level: float
) -> MatrixRow:
    n = sum(counts.values())
    mean = None
    if numbers is not None:
        steps = {numbers[column]: count for column, count in counts.items()}
        mean = mean_of_counts(steps, level=level)
    return MatrixRow(
        row=row,
        n=n,
        cells=tuple(
            MatrixCell(
                column=column,
                count=count,
                share=estimate_share(count, n, level=level) if n else None,
            )
            for column, count in counts.items()
        ),
        mean=None if mean is None else mean.mean,
    )
