"""How sure figures are, by pandas, scipy and the formulas of the reference."""

import math

import pandas as pd
from scipy import stats

from tests.test_analytics import oracle
from tests.test_analytics.pandas_figures import SCORES, base_of, figures, measures, only, weight_of
from tests.test_analytics.pandas_tables import Z, interval_of

COUNTS = ("count", "missing")


def with_intervals(query, group):
    """The figures of a group, and where they are asked for the intervals of those that have one."""
    found = figures(query, group)
    if "ci" not in query.get("include", ()):
        return found
    listed = {each["as"]: each for each in measures(query)}
    sure = {
        name: ends(query, group, found, measure, listed)
        for name, measure in listed.items()
        if measure["op"] in ("avg", *SCORES) or is_share(measure, listed)
    }
    return found | ({"intervals": sure} if sure else {})


def is_share(measure, listed):
    """Whether all that the first count asks of a response is among what the second one asks."""
    if measure["op"] != "ratio":
        return False
    part, whole = listed[measure["num"]], listed[measure["den"]]
    return (
        part["op"] in COUNTS
        and whole["op"] in COUNTS
        and all(each in conditions(part) for each in conditions(whole))
    )


def conditions(counted):
    found = [("filter", counted["filter"])] if "filter" in counted else []
    return found + ([(counted["op"], counted["field"])] if "field" in counted else [])


def ends(query, group, found, measure, listed):
    figure = found[measure["as"]]
    if figure is None:
        return None
    if measure["op"] == "ratio":
        rows = counted_by(listed[measure["den"]], group)
        return interval_of(min(1.0, figure), worth(rows))
    rows = counted_by({**measure, "op": "count"}, group)
    if measure["op"] in SCORES:
        rows = only(rows, [value in base_of(measure) for value in rows[measure["field"]]])
    values = pd.to_numeric(rows[measure["field"]]).astype(float)
    if measure["op"] == "nps":
        return of_net(rows, values, figure)
    if measure["op"] == "csat":
        return interval_of(figure, worth(rows))
    return of_mean(rows, values, figure)


def counted_by(measure, group):
    """The responses a count is about."""
    rows = group
    if "filter" in measure:
        rows = only(rows, [oracle.matches(r, measure["filter"]) for r in rows["#response"]])
    if "field" not in measure:
        return rows
    is_missing = [value is None for value in rows[measure["field"]]]
    return only(rows, [each == (measure["op"] == "missing") for each in is_missing])


def weights(rows):
    return rows["#weight"] if "#weight" in rows else pd.Series(1.0, index=rows.index)


def worth(rows):
    """Kish's effective sample size."""
    squares = math.fsum(each * each for each in weights(rows))
    return weight_of(rows) ** 2 / squares


def of_mean(rows, values, mean):
    """Student's interval, of weighted answers with the linearised variance."""
    n, size = len(values), worth(rows)
    if values.nunique() < 2 or size < 2 - 1e-12:
        return None
    squares = math.fsum(w * w for w in weights(rows))
    apart = math.fsum((w * (x - mean)) ** 2 for w, x in zip(weights(rows), values, strict=True))
    reach = stats.t.ppf(0.975, size - 1) * math.sqrt(n / (n - 1) * apart / squares / size)
    return [mean - reach, mean + reach]


def of_net(rows, scores, figure):
    """Bonett and Price: one response is added to each end."""
    size = worth(rows)
    total = weight_of(rows)
    up = (math.fsum(weights(only(rows, scores >= 9))) / total * size + 1) / (size + 2)
    down = (math.fsum(weights(only(rows, scores <= 6))) / total * size + 1) / (size + 2)
    reach = Z * math.sqrt((up + down - (up - down) ** 2) / (size + 2))
    low, high = 100 * max(-1, up - down - reach), 100 * min(1, up - down + reach)
    return [min(figure, low), max(figure, high)]
