"""Figures of a group by pandas: what every engine must say of the same responses."""

import math
from datetime import datetime

import pandas as pd

from tests.test_analytics import oracle

SCORES = ("nps", "csat", "ces")


def measures(query):
    found = []
    listed = [{"op": m} if isinstance(m, str) else m for m in query["measures"]]
    for each in listed:
        percent = f"{each['p']:g}" if "p" in each else ""
        bare = f"_{each['field'].removeprefix('data.')}" if "field" in each else ""
        found.append({"as": f"{each['op']}{percent}{bare}", **each})
    return found


def only(rows, keep):
    return rows[pd.Series(keep, index=rows.index, dtype=bool)]


def figures(query, group):
    found = {}
    for measure in measures(query):
        if measure["op"] != "ratio":
            part = group
            if "filter" in measure:
                part = only(
                    group, [oracle.matches(r, measure["filter"]) for r in group["#response"]]
                )
            work_out = weighted if "weights" in query else figure
            found[measure["as"]] = work_out(measure, part)
    for measure in measures(query):
        if measure["op"] == "ratio":
            top, bottom = found[measure["num"]], found[measure["den"]]
            found[measure["as"]] = top / bottom if top is not None and bottom else None
    return {measure["as"]: found[measure["as"]] for measure in measures(query)}


def figure(measure, group):
    op = measure["op"]
    if "field" not in measure:
        return len(group)
    values = group[measure["field"]]
    given = only(values, [v is not None for v in values])
    if op in COUNTS:
        return COUNTS[op](given, len(values))
    if given.empty:
        return 0 if op == "sum" else None
    return SUMMARIES[op](given, measure)


def weight_of(group):
    """Of a group's responses: how many they are where nothing is weighed."""
    return math.fsum(group["#weight"]) if "#weight" in group else len(group)


def weighted(measure, group):
    """The same where each response counts by its weight."""
    if "field" not in measure:
        return weight_of(group)
    given = only(group, [value is not None for value in group[measure["field"]]])
    if measure["op"] == "count":
        return weight_of(given)
    if measure["op"] == "missing":
        return math.fsum([*group["#weight"], *(-w for w in given["#weight"])])
    return weighted_sum(measure, given)


def weighted_sum(measure, given):
    """Or what is made of one: a mean, a score."""
    if measure["op"] in SCORES:
        return weighted_score(given, measure)
    pairs = zip(given["#weight"], given[measure["field"]], strict=True)
    total = math.fsum(w * v for w, v in pairs)
    if measure["op"] == "sum":
        return total
    return total / weight_of(given) if len(given) else None


COUNTS = {
    "count": lambda given, total: len(given),
    "missing": lambda given, total: total - len(given),
    "count_distinct": lambda given, total: len(
        {each for v in given for each in (v if isinstance(v, list) else [v])}
    ),
}


BASES = {"nps": range(11), "ces": range(1, 8)}
LAST_STEPS = {"score": 5, "effort": 7}


def base_of(measure):
    """The answers a score is of."""
    last = LAST_STEPS.get(measure["field"])
    return BASES.get(measure["op"]) or range(1, last + 1)


def worth_of(measure, answer):
    """What an answer adds to a score, which is the mean of this."""
    if measure["op"] == "nps":
        return 100 * ((answer >= 9) - (answer <= 6))
    return answer if measure["op"] == "ces" else int(answer > base_of(measure)[-3])


def score(values, measure):
    found = [worth_of(measure, each) for each in values if each in base_of(measure)]
    return math.fsum(found) / len(found) if found else None


def weighted_score(given, measure):
    pairs = [
        (weight, worth_of(measure, answer))
        for weight, answer in zip(given["#weight"], given[measure["field"]], strict=True)
        if answer in base_of(measure)
    ]
    total = math.fsum(weight for weight, _ in pairs)
    return math.fsum(weight * worth for weight, worth in pairs) / total if pairs else None


def extreme(value):
    return oracle.clock.to_text(value) if isinstance(value, datetime) else value


SUMMARIES = {
    **dict.fromkeys(SCORES, score),
    "sum": lambda values, _: math.fsum(values),
    "avg": lambda values, _: pd.to_numeric(values).astype(float).mean(),
    "min": lambda values, _: extreme(min(values)),
    "max": lambda values, _: extreme(max(values)),
    "median": lambda values, _: pd.to_numeric(values).median(),
    "percentile": lambda values, m: pd.to_numeric(values).quantile(m["p"] / 100),
    "stddev": lambda values, _: pd.to_numeric(values).std() if len(values) > 1 else None,
    "variance": lambda values, _: pd.to_numeric(values).var() if len(values) > 1 else None,
    "mode": lambda values, _: extreme(min(most_frequent(values))),
    "first": lambda values, _: extreme(values.iloc[0]),
    "last": lambda values, _: extreme(values.iloc[-1]),
}


def most_frequent(values):
    counts = values.value_counts()
    return [value for value, count in counts.items() if count == counts.max()]
