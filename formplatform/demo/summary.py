"""What the demonstration prints."""

from collections.abc import Sequence

from .checks import Check
from .steps import Demonstration
from .study import COLUMN, ROW


def cross_tab_lines(run: Demonstration) -> list[str]:
    """Vote by education, rows in the questionnaire's order."""
    rows = list(run.labels[ROW].values())
    columns = list(run.labels[COLUMN].values())
    cells = run.findings.cross_tab
    width = max(len(row) for row in rows)
    lines = [f"  {'':{width}}" + "".join(f"{column:>10}" for column in columns)]
    for row in rows:
        counts = "".join(f"{cells.get((row, column), 0):>10}" for column in columns)
        lines.append(f"  {row:{width}}{counts}")
    return lines


def timing_lines(seconds: dict[str, float]) -> list[str]:
    width = max(len(step) for step in seconds)
    return [f"  {step:{width}} {spent:>7.2f} s" for step, spent in seconds.items()]


def check_lines(checks: Sequence[Check]) -> list[str]:
    """One line for all that holds, one for each that does not."""
    wrong = [check for check in checks if not check.holds]
    lines = [f"  {len(checks) - len(wrong)} of {len(checks)} numbers agree with the file"]
    lines += [f"  WRONG {c.name}: found {c.found}, expected {c.expected}" for c in wrong]
    return lines
