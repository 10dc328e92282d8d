"""How sure means, net promoter scores and shares are in the answers to queries."""

import math
import random

import numpy as np
import pytest
from scipy import stats

from analytics.query_builder import run_query
from analytics.statistics.means import estimate_mean
from analytics.statistics.shares import effective_size
from tests.factories.forms import FormResponseFactory

AVERAGE = {"measures": [{"op": "avg", "field": "age", "as": "mean"}], "include": ["ci"]}


@pytest.fixture
def stored(form_id, form_store):
    def store(*answers):
        form_store.insert_responses(
            [FormResponseFactory(form_id=form_id, data=each) for each in answers]
        )
        return form_id

    return store


def interval(form_id, query, name="mean"):
    (row,) = run_query(form_id, query).rows
    return row["intervals"][name]


def linearised(values, weights):
    """By the derivative of Σwx / Σw after each weighted value, which is how the variance of any
    ratio is worked out: a variance between responses of their derivatives, times n."""
    x, w = np.asarray(values, float), np.asarray(weights, float)
    mean = np.average(x, weights=w)
    z = w * (x - mean) / w.sum()
    error = math.sqrt(len(x) * np.var(z, ddof=1))
    size = w.sum() ** 2 / (w**2).sum()
    return stats.t.interval(0.95, size - 1, loc=mean, scale=error)


def test_a_mean_has_student_s_interval(stored):
    ages = [3, 4, 8, 15, 16, 23, 42]
    form_id = stored(*({"age": age} for age in ages), {}, {"department": "it"})
    low, high = stats.t.interval(0.95, len(ages) - 1, loc=np.mean(ages), scale=stats.sem(ages))
    assert interval(form_id, AVERAGE) == pytest.approx([low, high])
    short = {"aggregate": "avg", "value": "age", "include": ["ci"]}
    (row,) = run_query(form_id, short).rows
    assert row["intervals"] == {"value": pytest.approx([low, high])}
    assert "intervals" not in run_query(form_id, AVERAGE | {"include": ["share"]}).rows[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_weighted_mean_has_the_linearised_interval(stored, seed):
    chance = random.Random(seed)
    pairs = [(chance.randrange(20, 90), chance.expovariate(1) + 0.01) for _ in range(30)]
    form_id = stored(
        *({"age": age, "amount": weight} for age, weight in pairs),
        {"age": 1000},
        {"age": 1000, "amount": 0},
        {"age": 1000, "amount": -2},
        {"amount": 7},
    )
    low, high = linearised(*zip(*pairs, strict=True))
    assert interval(form_id, AVERAGE | {"weights": "amount"}) == pytest.approx([low, high])


def test_equal_weights_leave_the_interval_as_it_is_however_large_they_are(stored):
    ages = [18, 30, 31, 64]
    form_id = stored(*({"age": age, "amount": 0.1, "score": 5} for age in ages))
    plain = interval(form_id, AVERAGE)
    for weights in ("amount", "score"):
        assert interval(form_id, AVERAGE | {"weights": weights}) == pytest.approx(plain)


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [{"amount": 1}],
        [{"age": 40, "amount": 2}],
        [{"age": 40, "amount": 0.1}, {"age": 40, "amount": 0.7}, {"age": 40, "amount": 1e6}],
        [{"age": 40, "amount": 1e9}, {"age": 20, "amount": 1}],
        [{"age": 40, "amount": 0}, {"age": 20, "amount": 1}],
    ],
    ids=["none", "all missing", "one", "all alike", "one weighs all", "one weighs nothing"],
)
def test_what_cannot_tell_has_no_interval(stored, answers):
    assert interval(stored(*answers), AVERAGE | {"weights": "amount"}) is None


def test_equal_numbers_have_no_spread_however_they_add_up(stored):
    form_id = stored(*[{"amount": 0.1}] * 7)
    query = {"measures": [{"op": "avg", "field": "amount", "as": "mean"}], "include": ["ci"]}
    assert interval(form_id, query) is None
    assert interval(form_id, query | {"weights": "amount"}) is None
    assert estimate_mean(0.1, 1.9e-34, 7).low is None


def test_values_far_from_zero_and_weights_of_any_size_cost_no_digits(stored):
    near = [{"age": age, "amount": weight} for age, weight in ((1, 3), (2, 1), (4, 2))]
    form_id = stored(*({"age": each["age"] + 10**9, "amount": each["amount"]} for each in near))
    low, high = interval(form_id, AVERAGE | {"weights": "amount"})
    wanted = linearised([1, 2, 4], [3, 1, 2])
    assert [low - 10**9, high - 10**9] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("spread", "tie"), [(0.5, 0), (0.5, 1), (1, 0)])
def test_a_weighted_interval_holds_the_true_mean_as_often_as_it_says(spread, tie):
    """Also where those who weigh more answer higher (`tie`); E(w log w) / E(w) is spread² here."""
    chance = np.random.default_rng(11)
    weights = chance.lognormal(0, spread, (4000, 40))
    values = chance.normal(0, 1, weights.shape) + tie * np.log(weights)
    held = 0
    for w, x in zip(weights, values, strict=True):
        mean, squares = np.average(x, weights=w), (w**2).sum()
        variance = 40 / 39 * (w**2 * (x - mean) ** 2).sum() / squares
        size = effective_size(w.sum(), squares)
        found = estimate_mean(float(mean), float(variance), float(size))
        held += found.low <= tie * spread**2 <= found.high
    assert 0.93 <= held / 4000 <= 0.96


def test_a_net_promoter_score_has_its_interval_and_may_be_weighted(stored):
    answers = [(10, 2.0), (9, 1.0), (8, 1.0), (3, 1.0), (11, 5.0)]
    form_id = stored(*({"age": score, "amount": weight} for score, weight in answers), {})
    query = {"measures": [{"op": "nps", "field": "age", "as": "nps"}], "include": ["ci"]}

    def wanted(up, down, n):
        first, second = (up + 1) / (n + 2), (down + 1) / (n + 2)
        reach = 1.959963984540054 * math.sqrt((first + second - (first - second) ** 2) / (n + 2))
        return [100 * (first - second - reach), 100 * min(1, first - second + reach)]

    assert interval(form_id, query, "nps") == pytest.approx(wanted(2, 1, 4))
    (row,) = run_query(form_id, query | {"weights": "amount"}).rows
    assert row["nps"] == pytest.approx(100 * (3 - 1) / 5)
    size = 5**2 / (4 + 1 + 1 + 1)
    assert row["intervals"]["nps"] == pytest.approx(wanted(3 / 5 * size, 1 / 5 * size, size))


def test_a_ratio_that_is_a_share_has_the_interval_of_one(stored):
    form_id = stored(*[{"age": 1, "department": "it"}] * 3, {"age": 2}, {"department": "hr"})
    is_it = {"department": "it"}
    measures = [
        "count",
        {"op": "count", "field": "age", "as": "aged"},
        {"op": "count", "field": "age", "filter": is_it, "as": "aged_it"},
        {"op": "sum", "field": "age", "as": "years"},
        {"op": "missing", "field": "age", "as": "ageless"},
        {"op": "ratio", "num": "aged_it", "den": "aged", "as": "part"},
        {"op": "ratio", "num": "ageless", "den": "count", "as": "lacking"},
        {"op": "ratio", "num": "aged", "den": "aged_it", "as": "inverse"},
        {"op": "ratio", "num": "years", "den": "aged", "as": "rate"},
    ]
    (row,) = run_query(form_id, {"measures": measures, "include": ["ci"]}).rows
    wilson = {
        name: list(stats.binomtest(count, base).proportion_ci(method="wilson"))
        for name, count, base in (("part", 3, 4), ("lacking", 1, 5))
    }
    assert row["intervals"] == {name: pytest.approx(ends) for name, ends in wilson.items()}


def test_totals_have_intervals_too_and_a_group_its_own(stored):
    groups = {"it": [1, 2, 6], "hr": [5, 9]}
    form_id = stored(*({"department": d, "age": a} for d, ages in groups.items() for a in ages))
    found = run_query(form_id, AVERAGE | {"group_by": "department", "include": ["ci", "totals"]})
    for row in found.rows:
        ages = groups[row["department"]]
        wanted = stats.t.interval(0.95, len(ages) - 1, loc=np.mean(ages), scale=stats.sem(ages))
        assert row["intervals"]["mean"] == pytest.approx(list(wanted))
    ages = [age for each in groups.values() for age in each]
    wanted = stats.t.interval(0.95, 4, loc=np.mean(ages), scale=stats.sem(ages))
    assert found.totals["intervals"]["mean"] == pytest.approx(list(wanted))


def wilson(count, base):
    """By the equation its ends solve: as far from the share as z standard errors at the end."""
    z2 = 1.959963984540054**2
    share = count / base
    roots = np.roots([1 + z2 / base, -(2 * share + z2 / base), share**2])
    return pytest.approx(sorted(roots.tolist()))


def test_the_shares_of_a_cross_tab_have_intervals_too(stored):
    cells = {("it", "approved"): 6, ("it", "rejected"): 2, ("hr", "approved"): 1}
    form_id = stored(
        *(
            {"department": department, "status": status, "amount": amount}
            for (department, status), count in cells.items()
            for amount in [1.0, *[0.5] * (count - 1)]
        )
    )
    query = {"measures": ["count"], "group_by": ["department", "state"], "shape": "crosstab"}
    found = run_query(form_id, query).crosstab
    it = [wilson(6, 8), wilson(2, 8)]
    assert found["row_intervals"] == [it, [wilson(1, 1), wilson(0, 1)]]
    weighted = run_query(form_id, query | {"weights": "amount", "test": "none"}).crosstab
    size = 5**2 / (2 * 1 + 6 * 0.25)
    assert weighted["row_intervals"][0] == [wilson(0.7 * size, size), wilson(0.3 * size, size)]


def test_several_options_per_answer_are_no_shares_of_respondents(stored):
    form_id = stored({"department": "it", "tags": ["red", "blue"]}, {"department": "it"})
    query = {"measures": ["count"], "shape": "crosstab", "test": "none"}
    across = run_query(form_id, query | {"group_by": ["department", "tags"]}).crosstab
    assert across["row_intervals"] == [[None, None, None]]
    down = run_query(form_id, query | {"group_by": ["tags", "department"]}).crosstab
    assert down["row_intervals"] == [[wilson(1, 1)]] * 3


@pytest.mark.parametrize("weight", [1e300, 1e-300])
def test_weights_that_cannot_be_squared_are_worth_nobody_knows_what(stored, weight):
    answers = [{"age": age, "amount": weight, "department": "it"} for age in (1, 2, 6)]
    query = AVERAGE | {"weights": "amount", "group_by": ["department"], "include": ["share", "ci"]}
    found = run_query(stored(*answers), query)
    (row,) = found.rows
    assert (row["mean"], row["share"], row["ci"], row["intervals"]) == (3, 1, None, {"mean": None})
    assert (found.weighting["n"], found.weighting["effective_n"]) == (3, None)
