"""Cross-tabs and confidence, by the formulas of the reference and by scipy."""

import math

import numpy as np
from scipy import stats

from tests.test_analytics import oracle
from tests.test_analytics.pandas_groups import plain

Z = 1.959963984540054


class UntestableError(Exception):
    """Fisher's test is of four cells."""


def interval_of(share, base):
    """Wilson's score interval."""
    if share is None:
        return None
    middle = share + Z**2 / (2 * base)
    reach = Z * math.sqrt(share * (1 - share) / base + Z**2 / (4 * base**2))
    return [(middle - reach) / (1 + Z**2 / base), (middle + reach) / (1 + Z**2 / base)]


def weighting(weights):
    total, squares = math.fsum(weights), math.fsum(each * each for each in weights)
    if not len(weights):
        return None
    size = total**2 / squares
    effect = len(weights) * squares / total**2
    return {"n": len(weights), "sum": total, "effective_n": size, "design_effect": effect}


def crosstab(query, rows, keys):
    """Cells by their labels, so that it does not matter which label comes first."""
    missing = [each.get("missing") for each in keys]
    cells, squares = {}, {}
    for row in rows:
        pair = zip(row["#key"], missing, strict=True)
        place = tuple(name if key is None else plain(key) for key, name in pair)
        cells[place] = row["#rows"]
        squares[place[0]] = squares.get(place[0], 0) + row["#squares"]
    labels = [options_in_order(each, {place[n] for place in cells}) for n, each in enumerate(keys)]
    counts = np.array([[cells.get((r, c), 0) for c in labels[1]] for r in labels[0]])
    return {
        "labels": labels,
        "cells": {(r, c): cells.get((r, c), 0) for r in labels[0] for c in labels[1]},
        "row_totals": totals(labels[0], counts, 1),
        "column_totals": totals(labels[1], counts, 0),
        "total": counts.sum(),
        "row_shares": {
            (r, c): cells.get((r, c), 0) / total if (total := sum(line)) else None
            for r, line in zip(labels[0], counts, strict=True)
            for c in labels[1]
        },
        "row_intervals": row_intervals(query, keys, labels, counts, squares),
        **tested(query, counts, labels, missing),
    }


def row_intervals(query, keys, labels, counts, squares):
    """None where a respondent may be in several columns."""
    several = keys[1].get("explode", True) and oracle.kind_of(keys[1]["field"]) == "multi_choice"
    found = {}
    for row, line in zip(labels[0], counts, strict=True):
        total = line.sum()
        size = total**2 / squares[row] if "weights" in query else total
        for column, count in zip(labels[1], line, strict=True):
            found[row, column] = None if several else interval_of(count / total, size)
    return found


def totals(labels, counts, axis):
    return dict(zip(labels, counts.sum(axis=axis) if labels else [], strict=True))


def as_cells(table, keys):
    """The table of an answer in the same form."""
    rows, columns = ([hashable(each) for each in table[side]] for side in ("rows", "columns"))
    sides = zip(keys, (rows, columns), strict=True)
    found = {
        name: {
            (r, c): each
            for r, line in zip(rows, table[name], strict=True)
            for c, each in zip(columns, line, strict=True)
        }
        for name in ("counts", "row_shares", "row_intervals")
    }
    residuals = table["residuals"]
    return {
        "labels": [each if is_listed(key) else sorted(each, key=str) for key, each in sides],
        "cells": found["counts"],
        "row_totals": dict(zip(rows, table["row_totals"], strict=True)),
        "column_totals": dict(zip(columns, table["column_totals"], strict=True)),
        "total": table["total"],
        "row_shares": found["row_shares"],
        "row_intervals": found["row_intervals"],
        "association": comparable(table["association"]),
        "residuals": None
        if residuals is None
        else {
            (hashable(each["row"]), hashable(each["column"])): [each["residual"], each["p_value"]]
            for each in residuals
        },
    }


def hashable(group):
    return tuple(group) if isinstance(group, list) else group


def comparable(found):
    """With the square of Cramér's V: a root makes of a last digit beside 0 more than that."""
    return found and found | {"cramers_v": found["cramers_v"] ** 2}


def is_listed(dimension):
    """Whether its groups are options, and not whole lists of these."""
    if not dimension.get("explode", True):
        return False
    return oracle.kind_of(dimension["field"]) in ("choice", "multi_choice")


def options_in_order(dimension, present):
    """Options as the form lists them, whatever else there is behind these."""
    if is_listed(dimension):
        known = [each for each in oracle.options_of(dimension["field"]) if each in present]
        return [*known, *sorted(present - set(known), key=str)]
    return sorted(present, key=str)


def tested(query, counts, labels, missing):
    if query.get("test") == "none":
        return {"association": None, "residuals": None}
    down = [n for n, each in enumerate(labels[0]) if each != missing[0]]
    across = [n for n, each in enumerate(labels[1]) if each != missing[1]]
    answered = counts[np.ix_(down, across)] if down and across else np.zeros((0, 0))
    names = [[labels[0][n] for n in down], [labels[1][n] for n in across]]
    return {
        "association": comparable(association(query, answered)),
        "residuals": residuals(answered, names),
    }


def filled(counts):
    counts = counts[counts.any(axis=1)] if counts.size else counts
    return counts[:, counts.any(axis=0)] if counts.size else counts


def association(query, answered):
    counts = filled(answered)
    if min(counts.shape) < 2:
        return None
    chi2 = stats.chi2_contingency(counts, correction=False)
    expected, square = chi2.expected_freq, counts.shape == (2, 2)
    reliable = bool(expected.min() >= 1 and (expected < 5).mean() <= 0.2)
    asked = query.get("test", "auto")
    if asked == "fisher" and not square:
        raise UntestableError
    exact = asked == "fisher" or (asked == "auto" and square and not reliable)
    return {
        "test": "fisher" if exact else "chi2",
        "statistic": None if exact else chi2.statistic,
        "degrees": None if exact else chi2.dof,
        "p_value": stats.fisher_exact(counts).pvalue if exact else chi2.pvalue,
        "cramers_v": bergsma(chi2.statistic, counts),
        "smallest_expected": expected.min(),
        "reliable": exact or reliable,
    }


def bergsma(statistic, counts):
    n, (r, k) = counts.sum(), counts.shape
    phi = max(0, statistic / n - (k - 1) * (r - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    least = min(rows, columns) - 1
    return min(1, math.sqrt(phi / least)) if least > 0 else 0


def residuals(counts, names):
    """Haberman's, with p-values corrected by Holm."""
    if not counts.size:
        return {}
    rows, columns, n = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    found = {}
    for r, row in enumerate(names[0]):
        for c, column in enumerate(names[1]):
            if 0 < rows[r] < n and 0 < columns[c] < n:
                wanted = rows[r] * columns[c] / n
                spread = wanted * (1 - rows[r] / n) * (1 - columns[c] / n)
                found[row, column] = (counts[r, c] - wanted) / math.sqrt(spread)
    ranked = sorted(found, key=lambda cell: -abs(found[cell]))
    shown, highest = {}, 0
    for place, cell in enumerate(ranked):
        p = 2 * stats.norm.sf(abs(found[cell]))
        highest = max(highest, min(1, p * (len(ranked) - place)))
        shown[cell] = [found[cell], highest]
    return shown
