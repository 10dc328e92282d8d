"""How sure figures are, by numpy and scipy, of the responses themselves."""

import math

import numpy as np
from scipy import stats

from tests.test_analytics import oracle
from tests.test_analytics.pandas_figures import figures, measures, only

Z = stats.norm.ppf(0.975)


def intervals(query, group):
    """`{"intervals": …}` beside the figures of a group, where they are asked for and there are."""
    if "ci" not in query.get("include", ()):
        return {}
    named = {each["as"]: each for each in measures(query)}
    values = figures(query, group)
    found = {}
    for name, measure in named.items():
        if measure["op"] in ("avg", "nps"):
            found[name] = of_values(measure, answers(measure, group))
        elif measure["op"] == "ratio" and is_share(named[measure["num"]], named[measure["den"]]):
            base = answers(named[measure["den"]], group)
            found[name] = of_share(values[name], base["#w"])
    return {"intervals": found} if found else {}


def answers(measure, group):
    """The responses a measure is about, with what each of them weighs."""
    part = group.assign(**{"#w": group.get("#weight", 1.0)})
    if "filter" in measure:
        part = only(part, [oracle.matches(r, measure["filter"]) for r in part["#response"]])
    if "field" not in measure:
        return part
    lacking = measure["op"] == "missing"
    return only(part, [(each is None) == lacking for each in part[measure["field"]]])


def is_share(part, whole):
    """Whether everything asked of the second is asked of the first."""
    counts = ("count", "missing")
    if part["op"] not in counts or whole["op"] not in counts:
        return False
    if "filter" in whole and part.get("filter") != whole["filter"]:
        return False
    asked = ("op", "field")
    return "field" not in whole or [part.get(n) for n in asked] == [whole[n] for n in asked]


def of_values(measure, given):
    x, w = (given[name].to_numpy(dtype=float) for name in (measure["field"], "#w"))
    if measure["op"] == "nps":
        kept = (x >= 0) & (x <= 10)
        return of_net(x[kept], w[kept])
    if len(x) < 2 or np.ptp(x) == 0 or worth(w) < 2 - 1e-9:
        return None
    mean = np.average(x, weights=w)
    error = math.sqrt(len(x) * np.var(w * (x - mean) / w.sum(), ddof=1))
    return list(stats.t.interval(0.95, worth(w) - 1, loc=mean, scale=error))


def of_net(x, w):
    if not len(x):
        return None
    size = worth(w)
    up, down = (w[kept].sum() / w.sum() * size for kept in (x >= 9, x <= 6))
    first, second = (up + 1) / (size + 2), (down + 1) / (size + 2)
    reach = Z * math.sqrt((first + second - (first - second) ** 2) / (size + 2))
    net = (up - down) / size
    low, high = max(-1, first - second - reach), min(1, first - second + reach)
    return [100 * min(net, low), 100 * max(net, high)]


def of_share(share, weights):
    if share is None:
        return None
    size = worth(weights.to_numpy(dtype=float))
    middle, bend = share + Z**2 / (2 * size), 1 + Z**2 / size
    reach = Z * math.sqrt(max(0, share * (1 - share) / size) + (Z / (2 * size)) ** 2)
    return [max(0, (middle - reach) / bend), min(1, (middle + reach) / bend)]


def worth(weights):
    return weights.sum() ** 2 / (weights**2).sum()
