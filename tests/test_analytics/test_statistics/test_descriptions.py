"""Figures of survey fields, against examples worked by hand and against scipy."""

import random

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from analytics.fields.form_fields import fields_of_definition
from analytics.figures.descriptions import describe
from analytics.figures.summaries import FieldSummary
from analytics.statistics.means import mean_of_counts
from analytics.statistics.scales import median_of_counts, summarise_scale
from analytics.statistics.scores import (
    customer_effort_score,
    customer_satisfaction,
    net_promoter_score,
)
from analytics.statistics.shares import estimate_net
from formplatform.forms.schema.definition import parse_definition

SURVEY = parse_definition(
    {
        "fields": [
            {"id": "recommend", "type": "nps", "label": "Would you?"},
            {"id": "stars", "type": "rating", "label": "Stars"},
            {"id": "easy", "type": "scale", "label": "It was easy"},
            {"id": "five", "type": "scale", "label": "Five steps", "minimum": 1, "maximum": 5},
            {
                "id": "agree",
                "type": "choice",
                "label": "Agree?",
                "ordered": True,
                "options": ["No", "Rather not", "Undecided", "Rather", "Yes"],
            },
            {"id": "colour", "type": "choice", "label": "Colour", "options": ["Red", "Blue"]},
            {
                "id": "care",
                "type": "matrix",
                "label": "Care",
                "rows": ["Food", "Staff"],
                "columns": ["1", "2", "3"],
            },
            {"id": "order", "type": "ranking", "label": "Order", "options": ["A", "B", "C"]},
            {"id": "said", "type": "text", "label": "Anything"},
        ]
    }
)
FIELDS = fields_of_definition(SURVEY)


def summary(values, answered=None):
    answered = sum(values.values()) if answered is None else answered
    return FieldSummary(
        answered=answered,
        missing=0,
        values=values,
        other=0,
        numbers=None,
        distinct=0,
        distinct_gone=0,
    )


def described(name, values, answered=None):
    return describe(FIELDS.find(name), summary(values, answered))


def test_nps_is_promoters_less_detractors():
    found = described("recommend", {"10": 40, "9": 20, "8": 15, "7": 5, "6": 10, "0": 10})
    assert (found["kind"], found["n"]) == ("nps", 100)
    assert (found["promoters"], found["passives"], found["detractors"]) == (60, 20, 20)
    assert found["score"]["value"] == 40
    # (61 - 21) / 102 ± 1.959964 · √((61/102 + 21/102 - (40/102)²) / 102), by hand
    assert round(found["score"]["low"], 4) == 23.568
    assert round(found["score"]["high"], 4) == 54.8634


@pytest.mark.parametrize(("up", "down", "n"), [(0.5, 0.2, 30), (0.3, 0.3, 80), (0.9, 0.05, 40)])
def test_the_interval_of_a_net_share_holds_the_true_one_as_often_as_it_says(up, down, n):
    found = 0
    samples = np.random.default_rng(7).multinomial(n, [up, down, 1 - up - down], size=4000)
    for ups, downs, _ in samples:
        net = estimate_net(int(ups), int(downs), n)
        found += net.low <= up - down <= net.high
    assert 0.94 <= found / 4000 <= 0.975


def test_csat_is_the_share_of_the_top_two_of_a_rating():
    found = described("stars", {"5": 30, "4": 20, "3": 30, "2": 10, "1": 10})
    assert (found["kind"], found["csat"]["satisfied"]) == ("rating", 50)
    low, high = stats.binomtest(50, 100).proportion_ci(method="wilson")
    assert found["csat"]["score"] == {
        "value": 0.5,
        "low": pytest.approx(low),
        "high": pytest.approx(high),
    }


def test_ces_is_the_mean_of_seven_steps_and_no_other_scale_has_it():
    found = described("easy", {"7": 3, "5": 4, "2": 3})
    assert found["ces"]["score"]["value"] == 4.7
    assert found["ces"]["agree"]["value"] == 0.7
    assert described("five", {"5": 3})["ces"] is None


def test_a_scale_has_boxes_mean_median_and_what_lies_outside():
    found = described("agree", {"no": 2, "rather_not": 3, "undecided": 5, "rather": 6, "yes": 4})
    assert (found["kind"], found["n"], found["labels"][0]) == ("scale", 20, "No")
    assert (found["top"]["value"], found["bottom"]["value"], found["net"]["value"]) == (
        0.5,
        0.25,
        0.25,
    )
    assert (found["mean"]["value"], found["median"], found["boxes"]) == (3.35, 3.5, 2)
    assert found["steps"][4] == {"step": 5, "count": 4, "share": found["steps"][4]["share"]}
    wider = described("five", {"5": 3, "7": 2})
    assert (wider["n"], wider["outside"], wider["mean"]["value"]) == (3, 2, 5)


def test_the_interval_of_a_mean_is_student_s():
    found = mean_of_counts({1: 4, 3: 5, 5: 2})
    values = [1] * 4 + [3] * 5 + [5] * 2
    low, high = stats.t.interval(0.95, 10, loc=np.mean(values), scale=stats.sem(values))
    assert (found.mean.low, found.mean.high) == (pytest.approx(low), pytest.approx(high))
    assert found.standard_deviation == pytest.approx(np.std(values, ddof=1))


def test_a_sleep_experiment_gives_the_interval_student_published_its_data_for():
    """Student 1908: ten patients' extra hours, here in tenths; R's sleep data, drug 2 less 1."""
    tenths = [12, 24, 13, 13, 0, 10, 18, 8, 46, 14]
    counts = {each: tenths.count(each) for each in tenths}
    found = mean_of_counts(counts)
    assert (found.n, found.mean.value) == (10, 15.8)
    assert (round(found.mean.low, 2), round(found.mean.high, 2)) == (7.0, 24.6)


@pytest.mark.parametrize("counts", [{3: 1}, {3: 9}])
def test_a_mean_without_spread_has_no_interval(counts):
    found = mean_of_counts(counts).mean
    assert (found.value, found.low, found.high) == (3, None, None)


@given(st.dictionaries(st.integers(0, 10), st.integers(1, 30), min_size=1))
def test_mean_deviation_and_median_are_numpy_s(counts):
    values = [value for value, count in counts.items() for _ in range(count)]
    found = mean_of_counts(counts)
    assert found.mean.value == pytest.approx(np.mean(values))
    assert median_of_counts(counts) == np.median(values)
    if len(values) > 1:
        assert found.standard_deviation == pytest.approx(np.std(values, ddof=1))


def test_a_matrix_has_shares_of_each_row_s_own_base_and_means_where_columns_are_numbers():
    found = described("care", {"food/1": 1, "food/3": 3, "staff/2": 2}, answered=5)
    assert (found["kind"], found["n"], found["numbered"]) == ("matrix", 5, True)
    food, staff = found["rows"]
    assert (food["row"], food["n"], food["mean"]["value"]) == ("food", 4, 2.5)
    assert [(cell["count"], cell["share"]["value"]) for cell in food["cells"]] == [
        (1, 0.25),
        (0, 0.0),
        (3, 0.75),
    ]
    assert (staff["n"], staff["mean"]["value"]) == (2, 2)


def test_a_ranking_is_in_order_of_its_borda_points():
    """Ten rank A B C, six B C A, four C B A: points of 2 and 1 for the first and second place."""
    votes = {"1/a": 10, "2/b": 10, "3/c": 10, "1/b": 6, "2/c": 6, "3/a": 10, "1/c": 4}
    votes["2/b"] += 4
    found = described("order", votes, answered=20)
    assert (found["kind"], found["n"]) == ("ranking", 20)
    assert [(each["option"], each["borda"]) for each in found["options"]] == [
        ("b", (6 * 2 + 14) / 40),
        ("a", 20 / 40),
        ("c", (4 * 2 + 6) / 40),
    ]
    assert found["options"][1]["mean_rank"]["value"] == 2
    assert found["options"][0]["first"]["value"] == 0.3


def test_without_answers_and_for_other_types_there_is_no_description():
    assert described("recommend", {}) is None
    assert described("colour", {"red": 3}) is None
    assert described("said", {"x": 1}) is None
    assert net_promoter_score({11: 4}) is None
    assert customer_satisfaction({}) is None
    assert customer_effort_score({9: 1}) is None
    assert summarise_scale({}, lowest=1, highest=5) is None


def test_a_long_scale_of_random_answers_adds_up():
    chance = random.Random(3)
    counts = {step: chance.randrange(50) for step in range(1, 8)}
    found = summarise_scale(counts, lowest=1, highest=7)
    assert sum(each.count for each in found.steps) == found.n
    assert sum(each.share.value for each in found.steps) == pytest.approx(1)
