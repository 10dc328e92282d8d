"""Columns in memory are never older than the question, and bounded in size."""

import pytest

from analytics import frames
from analytics.form_fields import fields_of_form
from analytics.frames import FrameCache
from analytics.query import columnar
from analytics.query_builder import QueryDSL
from formplatform.forms.ids import new_id
from formplatform.forms.schema.definition import parse_definition
from tests.factories.forms import FormResponseFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.world import World


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(10):
        world.submit(data={"age": 1})
    return world


@pytest.fixture
def builds(monkeypatch):
    """The forms whose columns were built, in order."""
    seen = []
    build = frames.build_frame

    def watch(form_id, fields):
        seen.append(form_id)
        return build(form_id, fields)

    monkeypatch.setattr(frames, "build_frame", watch)
    return seen


def total(cache, form_id):
    fields = fields_of_form(form_id)
    query = QueryDSL(fields).parse({"aggregate": "sum", "value": "age"})
    return columnar.run(query, cache.get(form_id, fields))[0]["value"]


def test_columns_are_built_once_and_again_after_every_kind_of_change(world, builds):
    cache = FrameCache()
    assert [total(cache, world.form_id) for _ in range(3)] == [10] * 3
    assert len(builds) == 1
    response = world.submit(data={"age": 5})
    assert total(cache, world.form_id) == 15
    response = world.edit(response, data={"age": 7})
    assert total(cache, world.form_id) == 17
    world.delete(response)
    assert total(cache, world.form_id) == 10
    assert len(builds) == 4


def test_a_new_version_brings_its_columns(world, form_store):
    cache = FrameCache()
    total(cache, world.form_id)
    fields = [*study.DEFINITION["fields"], {"id": "extra", "type": "integer", "label": "Extra"}]
    definition = parse_definition({"fields": fields}).to_json()
    form_store.insert_version(
        FormVersionFactory(form_id=world.form_id, number=2, definition=definition)
    )
    assert "data.extra" in cache.get(world.form_id, fields_of_form(world.form_id)).columns


def test_the_least_recently_used_columns_make_room(form_store, builds):
    forms = []
    for _ in range(3):
        forms.append(new_id())
        form_store.insert_version(study.version(forms[-1]))
        form_store.insert_responses(study.responses(forms[-1], 50))
    sizes = FrameCache()
    largest = max(sizes.get(each, fields_of_form(each)).estimated_size() for each in forms)
    cache = FrameCache(largest_bytes=2 * largest)
    builds.clear()
    first, second, third = forms
    for form_id in (first, second, first, third, first, second):
        cache.get(form_id, fields_of_form(form_id))
    assert builds == [first, second, third, second]


def test_columns_larger_than_the_room_still_answer(world, builds):
    cache = FrameCache(largest_bytes=1)
    assert [total(cache, world.form_id) for _ in range(2)] == [10, 10]
    assert len(builds) == 1


def test_answers_of_another_type_are_missing(form_id, form_store):
    odd = [
        {"age": 1.5, "amount": "x", "member": 1, "department": 3, "tags": "red", "born": 2000},
        {"age": True, "amount": [1], "care": ["good"], "tags": [1], "note": {"a": 1}},
        {"age": 5, "amount": 2, "unknown": "field"},
    ]
    form_store.insert_responses([FormResponseFactory(form_id=form_id, data=data) for data in odd])
    frame = frames.build_frame(form_id, fields_of_form(form_id))
    filled = {name: frame[name].drop_nulls().to_list() for name in frame.columns}
    assert filled["data.age"] == [5]
    assert filled["data.amount"] == [2.0]
    empty = ("member", "department", "tags", "born", "care", "care.food", "note")
    assert all(filled[f"data.{name}"] == [] for name in empty)


def test_sums_of_large_integers_are_exact(form_id, form_store):
    largest = 2**53 - 1
    data = [{"age": largest} for _ in range(2000)]
    form_store.insert_responses([FormResponseFactory(form_id=form_id, data=each) for each in data])
    assert total(FrameCache(), form_id) == 2000 * largest
