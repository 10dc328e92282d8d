"""Forms that hide small groups: what every answer hides, attacked with differences of answers."""

import itertools
import random

import pytest
from scipy.optimize import linprog

from analytics.query.errors import QueryError
from analytics.query_builder import explain_query, run_query
from formplatform.forms.storage.base import PipelineStore
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.study import START

LONG = {"measures": ["count"]}
DEPARTMENTS = (None, "it", "hr", "ops")
STATES = (None, "approved", "rejected")
MEMBERS = (None, True, False)


@pytest.fixture
def store_answers(form_store):
    """Stores responses given as (answers, number) in a form that hides fewer than five."""

    def store(*given, min_cell=5):
        form = form_store.insert_form(FormFactory(min_cell=min_cell))
        form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
        form_store.insert_responses(
            [
                FormResponseFactory(
                    form_id=form.id,
                    data={name: value for name, value in data.items() if value is not None},
                    submitted_at=START,
                )
                for data, number in given
                for _ in range(number)
            ]
        )
        return form.id

    return store


def by(*fields, **more):
    return LONG | ({"group_by": list(fields)} if fields else {}) | more


def counts(form_id, query):
    """Group → count of an answer, None where it is hidden."""
    return {
        tuple(value for name, value in row.items() if name not in ("count", "suppressed")): (
            row["count"]
        )
        for row in run_query(form_id, query).rows
    }


def test_how_sure_a_figure_is_stays_hidden_for_it_would_tell_how_many_answer(store_answers):
    ages = [({"department": "it", "age": age}, 9) for age in (20, 40)]
    form_id = store_answers(*ages, ({"department": "it"}, 2), ({"department": "ops"}, 20))
    measures = [{"op": "avg", "field": "age", "as": "mean"}, {"op": "stddev", "field": "age"}]
    query = {"measures": measures, "include": ["ci", "totals"]}
    found = run_query(form_id, query)
    assert [row["intervals"] for row in found.rows] == [{"mean": None}]
    assert found.totals["intervals"] == {"mean": None}
    (row, *_) = run_query(form_id, query | {"group_by": ["department"]}).rows
    assert (row["mean"], row["intervals"]) == (30, {"mean": None})


def in_departments(**numbers):
    return [({"department": name}, number) for name, number in numbers.items()]


def test_a_small_group_is_hidden_with_another_so_that_the_total_does_not_tell_it(store_answers):
    form_id = store_answers(*in_departments(it=20, hr=3, ops=9))
    found = run_query(form_id, by("department", include=["share", "ci", "totals"]))
    hidden = {"count": None, "share": None, "ci": None, "suppressed": True}
    assert found.rows == [
        {"department": "it", "count": 20, "share": 20 / 32, "ci": found.rows[0]["ci"]},
        {"department": "hr", **hidden},
        {"department": "ops", **hidden},
    ]
    assert (found.base_n, found.totals, found.suppressed, found.min_cell) == (
        32,
        {"count": 32},
        2,
        5,
    )


def test_nothing_is_hidden_where_the_form_does_not_ask_for_it(store_answers):
    form_id = store_answers(*in_departments(it=20, hr=3, ops=9), min_cell=0)
    assert counts(form_id, by("department")) == {("it",): 20, ("ops",): 9, ("hr",): 3}


def test_a_filter_shows_no_more_than_the_groups_it_is_made_of(store_answers):
    form_id = store_answers(*in_departments(it=20, hr=3, ops=9))
    hidden = [
        {"department": "hr"},
        {"department": {"$ne": "hr"}},
        {"department": {"$in": ["it", "hr"]}},
        {"$or": [{"department": "it"}, {"department": "hr"}]},
        {"department": "ops"},  # the one that hides it
    ]
    for chosen in hidden:
        found = run_query(form_id, LONG | {"filter": chosen, "include": ["totals"]})
        assert found.rows == [{"count": None, "suppressed": True}]
        assert (found.base_n, found.totals) == (None, {"count": None})
    for chosen, count in (({"department": "it"}, 20), ({"department": {"$ne": "it"}}, 12)):
        assert run_query(form_id, LONG | {"filter": chosen}).rows == [{"count": count}]


def test_bounds_of_whole_numbers_are_no_way_round(store_answers):
    form_id = store_answers(({"age": 30}, 20), ({"age": 31}, 2), ({"age": 40}, 20))
    shown = {}
    for op, bound in (("$lt", 31), ("$lt", 32), ("$gt", 31), ("$gte", 31), ("$lt", 41)):
        (row,) = run_query(form_id, LONG | {"filter": {"age": {op: bound}}}).rows
        shown[op, bound] = row["count"]
    assert shown == {
        ("$lt", 31): None,
        ("$lt", 32): 22,
        ("$gt", 31): 20,
        ("$gte", 31): None,
        ("$lt", 41): 42,
    }


def test_a_field_may_be_grouped_and_filtered_in_one_question(store_answers):
    form_id = store_answers(({"amount": 1.0}, 20), ({"amount": 3.5}, 2), ({"amount": 9.0}, 30))
    bins, months = {"field": "amount", "bins": [0, 2, 6]}, {"field": "submitted_at"}
    assert counts(form_id, by(bins, filter={"amount": {"$gte": 5}})) == {("≥6",): 30}
    assert counts(form_id, by(bins, filter={"amount": {"$gte": 3}}))["2..6",] is None
    late = {"submitted_at": {"$gte": "2026-01-01"}}
    assert counts(form_id, by(months, filter=late)) == {("2026-03-27",): 52}
    form_id = store_answers(({"tags": ["red", "blue"]}, 2), ({"tags": ["blue"]}, 30))
    assert counts(form_id, by("tags", filter={"tags": "blue"})) == {("blue",): 32, ("red",): None}


def test_a_measure_of_few_answers_is_hidden_where_the_group_is_not(store_answers):
    form_id = store_answers(
        ({"department": "it", "amount": 10.0}, 2),
        ({"department": "it"}, 18),
        ({"department": "hr", "amount": 1.0}, 9),
        ({"department": "ops", "amount": 4.0}, 6),
    )
    query = by("department") | {
        "measures": ["count", {"op": "sum", "field": "amount", "as": "sum"}],
        "include": ["totals"],
    }
    found = run_query(form_id, query)
    assert found.rows == [
        {"department": "it", "count": 20, "sum": None, "suppressed": True},
        {"department": "hr", "count": 9, "sum": 9},
        {"department": "ops", "count": 6, "sum": None, "suppressed": True},
    ]
    assert found.totals == {"count": 35, "sum": 53}


def test_a_measure_of_few_answers_in_all_is_hidden_without_groups_and_in_totals_too(store_answers):
    form_id = store_answers(
        ({"department": "it", "amount": 3.0}, 2), ({"department": "it", "amount": -1.0}, 2),
        ({"department": "it"}, 18), ({"department": "hr"}, 9),
    )  # fmt: skip
    measures = ["count", {"op": "avg", "field": "amount", "as": "mean"}]
    query = {"measures": measures, "include": ["totals"]}
    found = run_query(form_id, query)
    assert found.rows == [{"count": 31, "mean": None, "suppressed": True}]
    assert found.totals == {"count": 31, "mean": None}
    found = run_query(form_id, query | {"group_by": ["department"]})
    assert [row["mean"] for row in found.rows] == [None, None]
    assert found.totals == {"count": 31, "mean": None}


def test_a_count_of_a_filter_s_own_and_a_ratio_of_it_are_hidden_in_both_directions(store_answers):
    form_id = store_answers(
        ({"department": "it", "status": "approved"}, 18),
        ({"department": "it", "status": "rejected"}, 2),
        ({"department": "hr", "status": "approved"}, 9),
        ({"department": "hr", "status": "rejected"}, 9),
    )
    approved = {"op": "count", "filter": {"state": "approved"}, "as": "approved"}
    ratio = {"op": "ratio", "num": "approved", "den": "count", "as": "rate"}
    found = run_query(form_id, by("department") | {"measures": ["count", approved, ratio]})
    assert found.rows == [
        {"department": "it", "count": 20, "approved": None, "rate": None, "suppressed": True},
        {"department": "hr", "count": 18, "approved": None, "rate": None, "suppressed": True},
    ]


def test_options_are_hidden_by_those_who_chose_them_and_by_those_who_did_not(store_answers):
    form_id = store_answers(
        ({"tags": ["red"]}, 3), ({"tags": ["green"]}, 20), ({"tags": ["blue", "green"]}, 9)
    )
    assert counts(form_id, by("tags")) == {("green",): None, ("blue",): 9, ("red",): None}


def test_rows_that_are_hidden_are_not_told_by_order_having_or_pages(store_answers):
    form_id = store_answers(*in_departments(it=20, hr=3, ops=9))
    many = by("department", having={"count": {"$gte": 3}})
    assert counts(form_id, many) == {("it",): 20}
    assert list(counts(form_id, by("department", sort={"field": "count"}))) == [
        ("hr",),
        ("ops",),
        ("it",),
    ]
    first = run_query(form_id, by("department", limit=2))
    rest = run_query(form_id, by("department", limit=2, after=first.next))
    assert [row["department"] for row in (*first.rows, *rest.rows)] == ["it", "hr", "ops"]


def test_weights_hide_nothing_and_show_nothing(store_answers):
    form_id = store_answers(
        ({"department": "it", "amount": 0.1}, 20), ({"department": "hr", "amount": 50.0}, 2)
    )
    found = run_query(form_id, by("department", weights="amount"))
    assert [row["count"] for row in found.rows] == [None, None]


def test_a_crosstab_hides_cells_totals_shares_and_its_test(store_answers):
    form_id = store_answers(
        ({"department": "it", "status": "approved"}, 30),
        ({"department": "it", "status": "rejected"}, 3),
        ({"department": "hr", "status": "approved"}, 10),
        ({"department": "hr", "status": "rejected"}, 20),
        ({"department": "ops", "status": "approved"}, 2),
    )
    found = run_query(form_id, by("department", "state", shape="crosstab")).crosstab
    assert (found["rows"], found["columns"]) == (["it", "hr", "ops"], ["approved", "rejected"])
    assert found["total"] == 65
    assert found["column_totals"] == [42, 23]
    assert found["row_totals"] == [33, None, None]
    assert found["counts"][0] == [None, None]
    assert found["counts"][2][0] is None
    assert found["association"] is None
    assert found["residuals"] is None
    assert found["suppressed"]


def test_the_earlier_figures_of_a_comparison_are_hidden_by_themselves(store_answers, form_store):
    form_id = store_answers(*in_departments(it=20, hr=8))
    form_store.insert_responses(
        [
            FormResponseFactory(
                form_id=form_id, data={"department": name}, submitted_at=START.replace(day=26)
            )
            for name, number in (("it", 9), ("hr", 2))
            for _ in range(number)
        ]
    )
    query = by("department", date_range=["2026-03-27", "2026-03-27"], compare="previous_period")
    rows = run_query(form_id, query).rows
    assert [row["previous"] for row in rows] == [{"count": None}, {"count": None}]


def test_every_engine_of_the_store_hides_the_same(store_answers, form_store):
    form_id = store_answers(*in_departments(it=20, hr=3, ops=9), ({"state": "approved"}, 7))
    engines = ["columnar", *(["mongodb"] if isinstance(form_store, PipelineStore) else [])]
    for engine in engines:
        found = run_query(form_id, by("department", engine=engine, include=["totals"]))
        assert found.engine == engine
        assert [tuple(row.values())[:2] for row in found.rows] == [
            ("it", 20),
            ("ops", 9),
            (None, None),
            ("hr", None),
        ]
        assert found.totals == {"count": 39}


def test_the_answer_of_one_is_no_figure(store_answers):
    form_id = store_answers(({"age": 30}, 20))
    for op in ("min", "max", "first", "last"):
        with pytest.raises(QueryError, match="it is one answer"):
            run_query(form_id, {"measures": [{"op": op, "field": "age"}]})


def test_what_no_hiding_can_protect_is_refused_with_the_remedy(store_answers):
    form_id = store_answers(*in_departments(it=20, hr=8))
    for query, path in (
        (by("department", "state", "member"), "group_by"),
        (by("department", "state", filter={"member": True}), "filter"),
        (by({"field": "department", "top": 1}), "group_by[0]"),
        (by({"field": "amount", "bins": {"count": 5}}), "group_by[0]"),
        (by("department", sample={"rate": 0.5}), "sample"),
        (by("department", filter={"tags": {"$in": ["red", "blue"]}}), "filter"),
    ):
        for ask in (run_query, explain_query):
            with pytest.raises(QueryError) as refused:
                ask(form_id, query)
            (error,) = refused.value.errors
            assert (error.field, error.code) == (path, "small_groups")
    many = {"$or": [{"amount": {"$between": [n, n + 1]}} for n in range(4)]}
    with pytest.raises(QueryError, match="fewer tests"):
        run_query(form_id, LONG | {"filter": many})


FIELDS = {"department": DEPARTMENTS, "state": STATES, "member": MEMBERS}
CELLS = list(itertools.product(*FIELDS.values()))


def family():
    """Every answer an attacker may ask for: groups by one and two fields, filters of one and two,
    and how many answer a field.
    """
    names = list(FIELDS)
    single = [
        {name: wanted}
        for name, values in FIELDS.items()
        for value in values[1:]
        for wanted in (value, {"$ne": value})
    ]
    double = [one | other for one, other in itertools.combinations(single, 2)]
    for groups in ([], *([name] for name in names), *itertools.combinations(names, 2)):
        for chosen in ({}, *single, *(() if groups else double)):
            yield list(groups), chosen, {}
        for name in names:
            yield list(groups), {}, {name: {"$ne": None}}
            yield list(groups), {name: {"$ne": None}}, {name: {"$ne": "it"}}


def holds(cell, chosen):
    for name, wanted in chosen.items():
        value = cell[list(FIELDS).index(name)]
        if isinstance(wanted, dict):
            return value != wanted["$ne"]
        return value == wanted
    return True


def equations(form_id):
    """What the answers say of the numbers of respondents in every cell."""
    for groups, chosen, counted in family():
        measure = {"op": "count", "as": "n", **({"filter": counted} if counted else {})}
        (field,) = counted or [None]
        if counted == {field: {"$ne": None}}:
            measure = {"op": "count", "as": "n", "field": field}
        try:
            query = by(*groups, filter=chosen) | {"measures": [measure], "include": ["totals"]}
            found = run_query(form_id, query)
        except QueryError:  # of three fields, or of no such value
            continue
        places = [list(FIELDS).index(name) for name in groups]
        is_in = [holds(cell, chosen) and holds(cell, counted) for cell in CELLS]
        if found.totals["n"] is not None:
            yield is_in, found.totals["n"]
        shown = {tuple(row[name] for name in groups): row["n"] for row in found.rows}
        for key in itertools.product(*(FIELDS[name] for name in groups)):
            number = shown.get(key, 0) if found.rows or not groups else None
            if number is not None:
                pairs = list(zip(places, key, strict=True))
                yield (
                    [
                        one and all(cell[place] == value for place, value in pairs)
                        for cell, one in zip(CELLS, is_in, strict=True)
                    ],
                    number,
                )


def secrets(population):
    """Groups of one field and of two, of one respondent to four."""
    for places in (*((n,) for n in range(3)), *itertools.combinations(range(3), 2)):
        for key in itertools.product(*(list(FIELDS.values())[place] for place in places)):
            of = [all(cell[p] == v for p, v in zip(places, key, strict=True)) for cell in CELLS]
            number = sum(population[cell] for cell, is_in in zip(CELLS, of, strict=True) if is_in)
            if 0 < number < 5:
                yield of


@pytest.mark.parametrize("seed", range(6))
def test_all_answers_together_tell_no_small_group(store_answers, seed):
    chance = random.Random(seed)
    sizes = [0, 2, 9, 30] if seed % 2 else [1, 6, 12, 25]
    population = {cell: chance.choice(sizes) for cell in CELLS}
    form_id = store_answers(
        *(
            ({"department": d, "status": s, "member": m}, number)
            for (d, s, m), number in population.items()
        )
    )
    known = list(equations(form_id))
    left = [[float(each) for each in of] for of, _ in known]
    right = [number for _, number in known]
    for of in secrets(population):
        aim = [-float(each) for each in of]
        found = linprog(aim, A_eq=left or None, b_eq=right or None, bounds=(0, None))
        least = linprog([-each for each in aim], A_eq=left or None, b_eq=right or None)
        if found.status == 0:
            assert -found.fun - least.fun > 0.5
            assert -found.fun > 4.99
