"""The row of all other options is of responses: whoever chose two of them is there once."""

import pytest

from analytics.answering import engines
from analytics.counting import count_responses
from analytics.query_builder import explain_query, run_query
from formplatform.core import clock
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.store import MongoFormStore
from tests.test_analytics.study import START
from tests.test_analytics.world import World

TOP = {"field": "tags", "top": 1, "other": True}
COUNT = {"measures": ["count"], "group_by": [TOP]}
BOTH = {"tags": ["green", "blue"], "age": 10, "score": 5, "member": True}
ALL = {"tags": ["red", "green", "blue"], "age": 3, "score": 2, "amount": 0.5}
ONE = {"tags": ["blue"], "age": 9, "score": 4, "member": False}
REDS = [{"tags": ["red"], "score": score} for score in (1, 2, 3)]
ANSWERS = [*REDS, BOTH, ALL, ONE, {"tags": []}, {}]
"""Four chose red. Three chose any of the others, and made five choices of them."""
FIGURES = [
    ({"op": "count", "field": "age"}, 3),
    ({"op": "count", "filter": {"member": True}}, 1),
    ({"op": "missing", "field": "amount"}, 2),
    ({"op": "count_distinct", "field": "tags"}, 3),
    ({"op": "sum", "field": "age"}, 22),
    ({"op": "avg", "field": "age"}, 22 / 3),
    ({"op": "min", "field": "age"}, 3),
    ({"op": "max", "field": "age"}, 10),
    ({"op": "median", "field": "score"}, 4),
    ({"op": "percentile", "p": 25, "field": "age"}, 6),
    ({"op": "variance", "field": "age"}, 43 / 3),
    ({"op": "stddev", "field": "age"}, (43 / 3) ** 0.5),
    ({"op": "mode", "field": "score"}, 2),
    ({"op": "first", "field": "age"}, 10),
    ({"op": "last", "field": "age"}, 9),
    ({"op": "nps", "field": "age"}, 100 / 3),
]


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for hour, data in enumerate(ANSWERS):
        world.submit(data=data, submitted_at=START.replace(hour=hour))
    return world


@pytest.fixture
def documents(world, engine_url, settings, monkeypatch):
    """The same responses in the document database, which the engine of that name asks."""
    settings.MONGO_URL = engine_url
    connection.open_connection(engine_url)
    store = MongoFormStore()
    store.insert_responses(world.live())
    monkeypatch.setattr(engines, "get_store", lambda: store)


def rows(world, query):
    return [tuple(row.values()) for row in run_query(world.form_id, query).rows]


def test_its_share_is_of_respondents_and_has_an_interval(world):
    query = COUNT | {"include": ["share", "ci"]}
    red, nobody, other = run_query(world.form_id, query).rows
    assert (red["tags"], red["count"], red["share"]) == ("red", 4, 4 / 8)
    assert (nobody["tags"], nobody["count"], nobody["share"]) == (None, 2, 2 / 8)
    assert (other["tags"], other["count"], other["share"]) == ("(other)", 3, 3 / 8)
    assert other["ci"] == pytest.approx([0.136844, 0.694258], abs=1e-6)


@pytest.mark.parametrize(("measure", "figure"), FIGURES, ids=str)
def test_every_figure_of_it_takes_each_response_once(world, measure, figure):
    *_, other = rows(world, COUNT | {"measures": [measure], "sort": {"field": "tags"}})
    assert other == ("(other)", pytest.approx(figure))


def test_weights_are_added_once(world):
    measures = ["count", {"op": "avg", "field": "age"}]
    query = COUNT | {"measures": measures, "weights": "score", "include": ["share"]}
    *_, other = rows(world, query)
    assert other == ("(other)", 13, 8, 13 / 17)  # blue weighs most


def test_conditions_on_figures_are_about_respondents(world):
    assert rows(world, COUNT | {"having": {"count": {"$gte": 4}}}) == [("red", 4)]


def test_so_are_the_figures_of_another_span(world):
    query = {"date_range": ["2026-03-27", "2026-03-27"], "compare": ["2026-03-26", "2026-03-26"]}
    world.submit(data={"tags": ["green", "blue"]}, submitted_at=START.replace(day=26))
    *_, other = run_query(world.form_id, COUNT | query).rows
    assert other == {"tags": "(other)", "count": 3, "previous": {"count": 1}}


def test_a_cell_of_a_crosstab_has_a_respondent_once(world):
    query = {"shape": "crosstab", "test": "none", "group_by": [TOP, "member"]}
    table = run_query(world.form_id, {"measures": ["count"], **query}).crosstab
    assert (table["rows"], table["columns"]) == (["red", "(other)", None], [None, False, True])
    assert table["counts"] == [[4, 0, 0], [1, 1, 1], [2, 0, 0]]


def test_beside_the_options_themselves_it_is_in_a_row_with_each(world):
    found = rows(world, COUNT | {"group_by": [TOP | {"as": "most"}, "tags"]})
    assert [row for row in found if row[0] == "(other)"] == [
        ("(other)", "blue", 3),
        ("(other)", "green", 2),
        ("(other)", "red", 1),
    ]


def test_the_live_numbers_leave_it_to_others_and_the_answer_says_why(world):
    count_responses(world.events)
    everyone = {each.id: each.revision for each in world.live()}
    world.store.mark_dispatched(everyone, at=clock.now())
    held = explain_query(world.form_id, {"measures": ["count"], "group_by": ["tags"]})
    assert held["engine"] == "rollup"
    found = run_query(world.form_id, COUNT)
    assert "not rollup: who chose any of the other options needs the responses" in found.reason
    assert [row["count"] for row in found.rows] == [4, 2, 3]


def test_a_pipeline_takes_an_option_for_its_place_before_it_takes_lists_apart(world):
    places, unwind, *_ = explain_query(world.form_id, COUNT)["pipeline"]
    place = {"$indexOfArray": [{"$literal": []}, "$$this"]}  # which ones is not told
    once = {"$setUnion": [{"$map": {"input": "$data.tags", "in": place}}]}
    assert places == {"$set": {"data.tags": {"$cond": [{"$isArray": "$data.tags"}, once, None]}}}
    assert unwind["$unwind"]["path"] == "$data.tags"


@pytest.mark.engine
def test_the_document_database_takes_each_response_once(world, documents):
    measures = ["count", *(each for each, _ in FIGURES[4:8])]
    by_member = {"group_by": [TOP, "member"], "sort": {"field": "_id"}}
    query = COUNT | {"measures": measures, "include": ["share"], "engine": "mongodb"}
    *_, other = rows(world, query)
    assert other == ("(other)", 3, 22, pytest.approx(22 / 3), 3, 10, 3 / 8)
    assert rows(world, query | by_member) == rows(world, query | by_member | {"engine": None})
