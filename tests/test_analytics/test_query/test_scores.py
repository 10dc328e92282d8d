"""CSAT and CES in queries: the figures of the field's description, wherever a figure may stand."""

import numpy as np
import pytest
from scipy import stats

from analytics import aggregator
from analytics.answering.results import columns_of
from analytics.counting import count_responses
from analytics.fields.catalogue import catalogue_of
from analytics.fields.form_fields import fields_of_form
from analytics.figures.descriptions import describe
from analytics.query.errors import QueryError
from analytics.query_builder import QueryDSL, run_query
from formplatform.core import clock
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.ids import new_id
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.world import event_for

DEFINITION = {
    "fields": [
        {"id": "stars", "type": "rating", "label": "Stars"},
        {"id": "three", "type": "rating", "label": "Of three", "maximum": 3},
        {"id": "ten", "type": "scale", "label": "Of ten", "maximum": 10},
        {"id": "easy", "type": "scale", "label": "It was easy"},
        {"id": "recommend", "type": "nps", "label": "Would you?"},
        {"id": "age", "type": "integer", "label": "Age"},
        {"id": "twice", "type": "calculated", "label": "Twice", "expression": "age * 2"},
        {"id": "weight", "type": "number", "label": "Weight"},
        {"id": "team", "type": "choice", "label": "Team", "options": study.options(a="A", b="B")},
        {"id": "secret", "type": "rating", "label": "Secret", "pii": True},
        {"id": "said", "type": "text", "label": "Anything"},
    ]
}
CSAT = {"op": "csat", "field": "stars", "as": "csat"}
CES = {"op": "ces", "field": "easy", "as": "ces"}
BOTH = {"measures": [CSAT, CES]}


@pytest.fixture
def store(form_store):
    """Stores answers to a form, and counts them."""

    def store(*answers, min_cell=0):
        form = form_store.insert_form(FormFactory(min_cell=min_cell))
        form_store.insert_version(FormVersionFactory(form_id=form.id, definition=DEFINITION))
        responses = [
            FormResponseFactory(form_id=form.id, data=each, submitted_at=study.START)
            for each in answers
        ]
        form_store.insert_responses(responses)
        count_responses([event_for(ResponseSubmitted, each) for each in responses])
        form_store.mark_dispatched({each.id: each.revision for each in responses}, at=clock.now())
        return form.id

    return store


def only_row(form_id, query):
    (row,) = run_query(form_id, query).rows
    return row


def test_csat_is_the_share_of_the_two_highest_steps(store):
    form_id = store(*({"stars": each} for each in (5, 5, 4, 3, 1)), {}, {"stars": 9}, {"stars": 0})
    assert only_row(form_id, {"measures": [CSAT]}) == {"csat": 0.6}
    assert only_row(form_id, {"aggregate": "csat", "value": "stars"})["value"] == 0.6
    (column,) = run_query(form_id, {"measures": [{"op": "csat", "field": "stars"}]}).columns
    assert (column["name"], column["type"]) == ("csat_stars", "csat")


def test_csat_takes_the_scale_of_its_field(store):
    form_id = store(*({"three": each % 3 + 1, "ten": each + 1} for each in range(10)))
    assert only_row(form_id, {"aggregate": "csat", "value": "three"})["value"] == 3 / 10
    assert only_row(form_id, {"aggregate": "csat", "value": "ten"})["value"] == 2 / 10


def test_ces_is_the_mean_of_a_scale_from_1_to_7(store):
    form_id = store(*({"easy": each} for each in (7, 7, 5, 2)), {}, {"easy": 8}, {"easy": 0})
    assert only_row(form_id, {"measures": [CES]}) == {"ces": 5.25}
    assert only_row(form_id, {"aggregate": "ces", "value": "data.easy"})["value"] == 5.25


def test_without_an_answer_that_counts_they_are_null(store):
    form_id = store({"stars": 9, "easy": 0}, {})
    query = BOTH | {"include": ["ci", "totals"]}
    nothing = {"csat": None, "ces": None, "intervals": {"csat": None, "ces": None}}
    found = run_query(form_id, query)
    assert found.rows == [{**nothing, "ci": found.rows[0]["ci"]}]
    assert found.totals == nothing


ENGINES = ("rollup", "columnar")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("op", "field", "place"),
    [
        ("csat", "stars", ("csat", "score")),
        ("csat", "three", ("csat", "score")),
        ("csat", "easy", ("top",)),
        ("csat", "ten", ("top",)),
        ("ces", "easy", ("ces", "score")),
        ("nps", "recommend", ("score",)),
    ],
)
def test_a_query_says_what_the_description_of_the_field_does(store, engine, op, field, place):
    chance = np.random.default_rng(3)
    form_id = store(
        *({field: int(answer)} for answer in chance.integers(0, 11, 60)),
        *({"age": 5},) * 4,
    )
    known = fields_of_form(form_id).find(field)
    described = describe(known, aggregator.reader().get_field_summary(form_id, known.id))
    for key in place:
        described = described[key]
    query = {"measures": [{"op": op, "field": field, "as": "it"}], "include": ["ci"]}
    found = run_query(form_id, query | {"engine": engine})
    (row,) = found.rows
    assert found.engine == engine
    assert [row["it"], *row["intervals"]["it"]] == pytest.approx(list(described.values()))


def test_weighted_they_are_of_sums_of_weights_and_have_their_intervals(store):
    answers = [(5, 7, 2.0), (4, 5, 1.0), (3, 6, 1.0), (1, 1, 4.0)]
    form_id = store(*({"stars": s, "easy": e, "weight": w} for s, e, w in answers), {"stars": 5})
    row = only_row(form_id, BOTH | {"weights": "weight", "include": ["ci"]})
    assert (row["csat"], row["ces"]) == (3 / 8, (14 + 5 + 6 + 4) / 8)
    size = 8**2 / (4 + 1 + 1 + 16)
    z2, share = stats.norm.ppf(0.975) ** 2, 3 / 8
    roots = np.roots([1 + z2 / size, -(2 * share + z2 / size), share**2])
    assert row["intervals"]["csat"] == pytest.approx(sorted(roots.tolist()))
    effort, weights = np.array([7.0, 5, 6, 1]), np.array([2.0, 1, 1, 4])
    parts = weights * (effort - row["ces"]) / 8
    reach = stats.t.ppf(0.975, size - 1) * np.sqrt(4 * np.var(parts, ddof=1))
    assert row["intervals"]["ces"] == pytest.approx([row["ces"] - reach, row["ces"] + reach])


def test_they_are_filtered_sorted_compared_and_totalled_like_other_figures(store):
    form_id = store(
        *({"team": "a", "stars": each, "easy": 7} for each in (5, 5, 1, 1)),
        *({"team": "b", "stars": each, "easy": each} for each in (4, 5, 2, 5)),
        {"stars": 3},
    )
    query = BOTH | {"group_by": ["team"], "include": ["totals"]}
    found = run_query(form_id, query)
    assert found.rows == [
        {"team": "b", "csat": 0.75, "ces": 4},
        {"team": "a", "csat": 0.5, "ces": 7},
        {"team": None, "csat": 0, "ces": None},
    ]
    assert found.totals == {"csat": 5 / 9, "ces": (4 * 7 + 16) / 8}
    by_effort = run_query(form_id, query | {"sort": {"field": "ces", "desc": True}}).rows
    assert [row["team"] for row in by_effort] == ["a", "b", None]
    kept = run_query(form_id, query | {"having": {"csat": {"$gt": 0.6}}}).rows
    assert [row["team"] for row in kept] == ["b"]
    narrow = [{**CSAT, "filter": {"easy": {"$gte": 5}}}, {**CES, "filter": {"team": "b"}}]
    assert only_row(form_id, {"measures": narrow}) == {"csat": 4 / 6, "ces": 4}
    spans = {"date_range": ["2026-03-27", "2026-03-27"], "compare": "previous_period"}
    assert only_row(form_id, BOTH | spans)["previous"] == {"csat": None, "ces": None}
    days = {"group_by": {"field": "submitted_at"}, "date_range": ["2026-03-26", "2026-03-27"]}
    empty, _ = run_query(form_id, BOTH | days | {"include": ["empty_buckets"]}).rows
    assert empty == {"submitted_at": "2026-03-26", "csat": None, "ces": None}


def test_in_a_file_a_score_is_a_number(store):
    form_id = store({"team": "a", "stars": 4, "easy": 6}, {"team": "b", "stars": 1, "easy": 5})
    answer = run_query(form_id, BOTH | {"group_by": ["team"], "include": ["ci"]})
    types = {each.name: each.type for each in columns_of(answer)}
    assert types["csat.ci.low"] == types["csat.ci.high"] == "number"
    answer = run_query(form_id, BOTH | {"filter": {"team": "a"}})
    assert answer.rows == [{"csat": 1, "ces": 6}]


DSL = QueryDSL(FormVersionFactory(form_id=new_id(), definition=DEFINITION))


@pytest.mark.parametrize(
    ("op", "field", "hint"),
    [
        ("csat", "age", 'this is of type integer: for other numbers divide two counts ("ratio").'),
        ("csat", "twice", "type calculated"),
        ("csat", "recommend", "type nps, from 0 to 10"),
        ("csat", "version", "wants a rating or a scale; this is a number."),
        ("csat", "said", "wants a rating or a scale"),
        ("csat", "team", "wants a rating or a scale"),
        ("ces", "stars", 'of type rating, from 1 to 5: of other steps take the mean ("avg").'),
        ("ces", "ten", "wants a scale from 1 to 7; this is of type scale, from 1 to 10"),
        ("ces", "age", "wants a scale from 1 to 7"),
    ],
)
def test_a_field_that_has_no_such_score_is_refused_with_the_remedy(op, field, hint):
    for query, path in (
        ({"measures": ["count", {"op": op, "field": field}]}, "measures[1].field"),
        ({"aggregate": op, "value": field}, "value"),
    ):
        with pytest.raises(QueryError) as refused:
            DSL.parse(query)
        (error,) = refused.value.errors
        assert (error.field, error.code) == (path, "wrong_type")
        assert hint in error.message


def test_a_score_needs_its_field_and_a_personal_one_the_right_to_it():
    for query, path, code in (
        ({"measures": ["csat"]}, "measures[0]", "required"),
        ({"measures": [{"op": "ces"}]}, "measures[0].field", "required"),
        ({"aggregate": "csat"}, "value", "required"),
        ({"aggregate": "csat", "value": "secret"}, "value", "personal_data"),
    ):
        with pytest.raises(QueryError) as refused:
            DSL.parse(query)
        (error,) = refused.value.errors
        assert (error.field, error.code) == (path, code)


def test_the_catalogue_lists_them_where_they_may_be_asked(store):
    form_id = store()
    fields = catalogue_of(form_id, personal_allowed=False)["fields"]
    having = {op: [each["name"] for each in fields if op in each["ops"]] for op in ("csat", "ces")}
    assert having == {"csat": ["stars", "three", "ten", "easy"], "ces": ["easy"]}


def test_a_share_of_respondents_tells_no_small_group_and_a_mean_of_few_is_hidden(store):
    form_id = store(
        *({"team": "a", "stars": 5, "easy": 7, "age": 40},) * 9,
        *({"team": "a", "stars": 2, "easy": 6},) * 2,
        *({"team": "b", "stars": 5, "easy": 7},) * 8,
        *({"team": "b", "stars": 2, "easy": 9, "age": 7},) * 3,
        *({"team": "b", "stars": 2, "easy": 9},) * 3,
        min_cell=5,
    )
    assert only_row(form_id, {"measures": ["count", CSAT]})["csat"] == 17 / 25
    rows = run_query(form_id, {"measures": [CSAT], "group_by": ["team"]}).rows
    assert [row["csat"] for row in rows] == [None, None]
    scored = [CES, {"op": "nps", "field": "age", "as": "nps"}]
    assert only_row(form_id, {"measures": scored}) == {"ces": 7 - 2 / 19, "nps": None} | {
        "suppressed": True
    }
    binned = {"measures": [CSAT], "group_by": [{"field": "stars", "bins": [1, 3, 6]}]}
    assert run_query(form_id, binned).rows == [
        {"stars": "1..3", "csat": 0},
        {"stars": "3..6", "csat": 1},
    ]
    crossed = {"measures": [CSAT], "group_by": ["team", "age"]}
    with pytest.raises(QueryError, match="about two fields") as refused:
        run_query(form_id, crossed)
    assert refused.value.errors[0].code == "small_groups"
