"""More options than have a count of their own: counters know choices, queries respondents."""

import pytest

from analytics.counting import count_responses
from analytics.metrics import distribution_of
from analytics.query_builder import run_query
from tests.factories.forms import FormFactory, FormVersionFactory
from tests.test_analytics.world import World

IDS = [f"o{number}" for number in range(203)]
OPTIONS = [{"id": each, "label": each} for each in IDS]
DEFINITION = {
    "fields": [
        {"id": "many", "type": "multi_choice", "label": "Many", "options": OPTIONS},
        {"id": "one", "type": "choice", "label": "One", "options": OPTIONS},
    ]
}


@pytest.fixture
def form_of_many(form_store):
    """Makes a form; two respondents chose every option, and the first of them alone."""

    def make(**given):
        form = form_store.insert_form(FormFactory(**given))
        form_store.insert_version(FormVersionFactory(form_id=form.id, definition=DEFINITION))
        world = World(form.id, form_store)
        for _ in range(2):
            world.submit(data={"many": IDS, "one": IDS[0]})
        count_responses(world.events)
        return form.id

    return make


def test_the_live_numbers_say_that_these_are_choices(form_of_many):
    form_id = form_of_many()
    many, one = (distribution_of(form_id, name) for name in ("many", "one"))
    assert (many["answered"], many["other"], many["other_counts"]) == (2, 6, "choices")
    assert [value["count"] for value in many["values"]] == [2] * 200  # of three it is not known
    assert (one["answered"], one["other"], one["other_counts"]) == (2, 0, "responses")
    assert [value["count"] for value in one["values"]] == [2] + [0] * 202


def test_a_query_says_how_many_respondents_made_them(form_of_many):
    query = {"group_by": [{"field": "many", "top": 200, "other": True}], "include": ["share"]}
    *_, other = run_query(form_of_many(), {"measures": ["count"], **query}).rows
    assert other == {"many": "(other)", "count": 2, "share": 1.0}


def test_where_small_groups_are_hidden_so_are_choices_of_nobody_knows_how_few(form_of_many):
    many = distribution_of(form_of_many(min_cell=2), "many")
    assert [value["count"] for value in many["values"]] == [2] * 200
    assert (many["answered"], many["other"], many["other_counts"]) == (2, None, "choices")
