"""Groups stay apart whatever they are called, and numbers of any size fall into bins."""

import pytest

from analytics.query.errors import QueryError
from analytics.query_builder import run_query
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.study import START

LONG = {"measures": ["count"]}
MOST = 2**53 - 1


@pytest.fixture
def store_answers(form_id, form_store):
    """Stores responses with these answers."""

    def store(*answers):
        form_store.insert_responses(
            [
                FormResponseFactory(form_id=form_id, data=data, submitted_at=START)
                for data in answers
            ]
        )
        return form_id

    return store


def cells(form_id, *group_by, **more):
    found = run_query(form_id, LONG | {"group_by": list(group_by)} | more)
    return [tuple(row.values()) for row in found.rows]


def pages(form_id, query):
    """All rows, in pages of one."""
    page = run_query(form_id, query | {"limit": 1})
    rows = list(page.rows)
    while page.next is not None:
        page = run_query(form_id, query | {"limit": 1, "after": page.next})
        rows += page.rows
    return rows


def refusal(form_id, query):
    with pytest.raises(QueryError) as refused:
        run_query(form_id, query)
    (error,) = refused.value.errors
    return error.field, error.code


def test_missing_answers_called_like_an_answer_are_a_group_of_their_own(store_answers):
    form_id = store_answers({"note": "none"}, {"note": "none"}, {}, {"note": "z"})
    named = {"field": "note", "missing": "none"}
    assert cells(form_id, named) == [("none", 2), ("none", 1), ("z", 1)]
    query = LONG | {"group_by": [named], "sort": {"field": "note"}}
    assert [row["count"] for row in pages(form_id, query)] == [1, 2, 1]


def test_nor_do_they_take_the_place_of_it_in_a_cross_tab(store_answers):
    form_id = store_answers(
        *[{"note": "none", "member": True}] * 3, {"member": True}, {"note": "none", "member": False}
    )
    query = LONG | {"group_by": [{"field": "note", "missing": "none"}, "member"]}
    table = run_query(form_id, query | {"shape": "crosstab", "test": "none"}).crosstab
    assert table["rows"] == ["none", "none"]
    assert sorted(zip(table["columns"], *table["counts"], strict=True)) == [
        (False, 1, 0),
        (True, 3, 1),
    ]


def test_a_missing_answer_is_not_called_like_an_option(form_id):
    named = {"field": "department", "missing": "it"}
    assert refusal(form_id, LONG | {"group_by": [named]}) == ("group_by[0].missing", "repeated")


def test_whole_lists_of_options_are_crossed(store_answers):
    both = {"tags": ["red", "blue"], "member": True}
    form_id = store_answers(both, both, {"tags": ["blue"], "member": True}, {"member": False})
    group_by = [{"field": "tags", "explode": False}, "member"]
    query = LONG | {"group_by": group_by, "shape": "crosstab", "test": "none"}
    table = run_query(form_id, query).crosstab
    assert dict(zip(map(str, table["rows"]), table["row_totals"], strict=True)) == {
        "['blue', 'red']": 2,
        "['blue']": 1,
        "None": 1,
    }


def test_the_rest_of_one_group_is_dropped_where_only_another_shows_its_own(store_answers):
    form_id = store_answers(
        *[{"age": 1, "member": True}] * 3,
        *[{"age": 2, "member": True}] * 2,
        {"age": 1, "member": False},
    )
    ages = {"field": "age", "top": 1, "other": True}
    assert cells(form_id, ages, {"field": "member", "top": 1}) == [
        (1, True, 3),
        ("(other)", True, 2),
    ]


def test_the_rest_comes_after_every_value_it_is_sorted_among(store_answers):
    rows = [
        {"age": age, "member": member} for age in (1, 1, 2, 3) for member in (True, True, False)
    ]
    form_id = store_answers(*rows)
    groups = [{"field": name, "top": 1, "other": True} for name in ("age", "member")]
    expected = [(1, True, 4), (1, "(other)", 2), ("(other)", True, 4), ("(other)", "(other)", 2)]
    query = LONG | {"group_by": groups, "sort": {"field": "_id"}}
    assert [tuple(row.values()) for row in run_query(form_id, query).rows] == expected
    assert [tuple(row.values()) for row in pages(form_id, query)] == expected


def test_an_answer_called_like_the_rest_is_not_the_rest(store_answers):
    form_id = store_answers(*[{"note": "(other)"}] * 3, {"note": "a"}, {"note": "b"})
    assert cells(form_id, {"field": "note", "top": 2}) == [("(other)", 3), ("a", 1)]
    with_rest = {"field": "note", "top": 2, "other": True}
    assert cells(form_id, with_rest) == [("(other)", 3), ("a", 1), ("(other)", 1)]


def test_a_group_called_like_the_figure_of_the_short_form_is_paged_by_itself(store_answers):
    form_id = store_answers({"note": "a"}, {"note": "b"}, {"note": "c"})
    query = {"aggregate": "count", "group_by": [{"field": "note", "as": "value"}]}
    assert pages(form_id, query) == [{"_id": {"value": note}, "value": 1} for note in "abc"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("share", {"include": ["share"]}),
        ("ci", {"include": ["ci"]}),
        ("previous", {"date_range": "last_7_days", "compare": "previous_period"}),
    ],
)
def test_no_column_is_called_like_one_that_is_added(form_id, name, asked):
    group = {"group_by": [{"field": "age", "as": name}]}
    assert refusal(form_id, LONG | group | asked) == ("group_by[0]", "repeated")
    figure = {"measures": ["count", {"op": "sum", "field": "age", "as": name}]}
    assert refusal(form_id, figure | asked) == ("measures[1]", "repeated")
    assert run_query(form_id, LONG | group).rows == []


def test_nor_like_the_mark_of_hidden_figures(form_store):
    form = form_store.insert_form(FormFactory(min_cell=5))
    form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
    query = LONG | {"group_by": [{"field": "department", "as": "suppressed"}]}
    assert refusal(form.id, query) == ("group_by", "repeated")


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (10, {"0..10": 1, f"≥{10 * MOST}": 1, f"<{-10 * (MOST - 1)}": 1}),
        (1e-300, {f"≥{MOST * 1e-300}": 2, f"<{(1 - MOST) * 1e-300}": 1}),
    ],
)
def test_a_number_too_large_for_its_bin_lies_in_an_open_one(store_answers, width, expected):
    form_id = store_answers({"amount": 1e300}, {"amount": 7}, {"amount": -1e300})
    assert dict(cells(form_id, {"field": "amount", "bins": {"width": width}})) == expected


def test_a_number_lies_between_the_edges_its_bin_is_called_by(store_answers):
    form_id = store_answers({"amount": 4.3}, {"amount": 4.299}, {"amount": 0.3}, {"amount": -0.1})
    tenths = {"field": "amount", "bins": {"width": 0.1}}
    assert cells(form_id, tenths) == [
        ("-0.1..0", 1),
        ("0.2..0.30000000000000004", 1),
        ("4.2..4.3", 1),
        ("4.3..4.4", 1),
    ]


def test_equal_bins_reach_over_all_that_a_number_can_be(store_answers):
    form_id = store_answers({"amount": -1.5e308}, {"amount": 0}, {"amount": 1.5e308})
    halves = {"field": "amount", "bins": {"count": 2}}
    assert cells(form_id, halves) == [("<0", 1), ("≥0", 2)]


def test_equal_bins_of_a_weighted_answer_lie_between_what_weighs(store_answers):
    form_id = store_answers({"age": 0, "amount": 2}, {"age": 10, "amount": 3}, {"age": 99})
    halves = {"field": "age", "bins": {"count": 2}}
    assert cells(form_id, halves, weights="amount") == [("<5", 2), ("≥5", 3)]
