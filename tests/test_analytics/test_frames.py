"""Columns in memory are never older than the question, and bounded in size."""

import pytest

from analytics import frames
from analytics.form_fields import fields_of_form
from analytics.frames import FrameCache
from analytics.query_builder import QueryDSL
from formplatform.forms.ids import new_id
from formplatform.forms.schema.definition import parse_definition
from tests.factories.forms import FormResponseFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.answering import over_columns
from tests.test_analytics.world import World


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(10):
        world.submit(data={"age": 1})
    return world


@pytest.fixture
def reads(monkeypatch):
    """(form, whether all of it) of every reading of responses, in order."""
    seen = []
    read = frames.read_columns

    def watch(form_id, fields, *, after_id=None):
        seen.append((form_id, after_id is None))
        return read(form_id, fields, after_id=after_id)

    monkeypatch.setattr(frames, "read_columns", watch)
    return seen


def total(cache, form_id):
    fields = fields_of_form(form_id)
    query = QueryDSL(fields).parse({"aggregate": "sum", "value": "age"})
    return over_columns(query, cache.get(form_id, fields))[0]["value"]


def test_columns_are_extended_by_additions_and_built_again_after_an_edit_or_a_deletion(
    world, reads
):
    cache = FrameCache()
    assert [total(cache, world.form_id) for _ in range(3)] == [10] * 3
    assert len(reads) == 1
    response = world.submit(data={"age": 5})
    assert total(cache, world.form_id) == 15
    response = world.edit(response, data={"age": 7})
    assert total(cache, world.form_id) == 17
    world.delete(response)
    assert total(cache, world.form_id) == 10
    assert [whole for _, whole in reads] == [True, False, True, True]


def test_a_response_below_the_largest_known_id_is_seen(world, form_store):
    cache = FrameCache()
    assert total(cache, world.form_id) == 10
    for number, answer in ((1, 3), (2, 4)):
        early = FormResponseFactory(
            id=f"{number:024x}", form_id=world.form_id, data={"age": answer}
        )
        form_store.insert_responses([early])
        world.submit(data={"age": 100})
        assert total(cache, world.form_id) == 10 + (103 if number == 1 else 207)


def test_a_response_that_comes_in_during_an_extension_is_seen_once(
    world, form_store, reads, monkeypatch
):
    cache = FrameCache()
    total(cache, world.form_id)
    watched = frames.read_columns
    late = [FormResponseFactory(id="1".zfill(24), form_id=world.form_id, data={"age": 1000})]

    def interrupted(form_id, fields, *, after_id=None):
        found = watched(form_id, fields, after_id=after_id)
        if late:
            form_store.insert_responses([late.pop()])
        return found

    monkeypatch.setattr(frames, "read_columns", interrupted)
    world.submit(data={"age": 5})
    assert [total(cache, world.form_id) for _ in range(2)] == [1015, 1015]


def test_an_addition_with_an_edit_is_not_taken_for_additions_alone(world):
    cache = FrameCache()
    response = world.submit(data={"age": 5})
    assert total(cache, world.form_id) == 15
    world.edit(response, data={"age": 50})
    world.submit(data={"age": 7})
    assert total(cache, world.form_id) == 67


def test_many_extensions_stay_one_frame_of_few_pieces(world):
    cache = FrameCache()
    fields = fields_of_form(world.form_id)
    cache.get(world.form_id, fields)
    for added in range(1, frames.MOST_CHUNKS + 5):
        world.submit(data={"age": 1, "department": "it", "tags": ["red"]})
        frame = cache.get(world.form_id, fields)
        assert frame.height == 10 + added
    assert frame.n_chunks() < frames.MOST_CHUNKS
    assert frame["data.tags"].drop_nulls().to_list() == [["red"]] * added


def test_a_new_version_brings_its_columns(world, form_store):
    cache = FrameCache()
    total(cache, world.form_id)
    fields = [*study.DEFINITION["fields"], {"id": "extra", "type": "integer", "label": "Extra"}]
    definition = parse_definition({"fields": fields}).to_json()
    form_store.insert_version(
        FormVersionFactory(form_id=world.form_id, number=2, definition=definition)
    )
    assert "data.extra" in cache.get(world.form_id, fields_of_form(world.form_id)).columns


def test_the_least_recently_used_columns_make_room(form_store, reads):
    forms = []
    for _ in range(3):
        forms.append(new_id())
        form_store.insert_version(study.version(forms[-1]))
        form_store.insert_responses(study.responses(forms[-1], 50))
    sizes = FrameCache()
    largest = max(sizes.get(each, fields_of_form(each)).estimated_size() for each in forms)
    cache = FrameCache(largest_bytes=2 * largest)
    reads.clear()
    first, second, third = forms
    for form_id in (first, second, first, third, first, second):
        cache.get(form_id, fields_of_form(form_id))
    assert reads == [(each, True) for each in (first, second, third, second)]


def test_columns_larger_than_the_room_still_answer(world, reads):
    cache = FrameCache(largest_bytes=1)
    assert [total(cache, world.form_id) for _ in range(2)] == [10, 10]
    assert len(reads) == 1


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
