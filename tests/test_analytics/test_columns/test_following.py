"""Columns hold what the store holds, and read no more of it than changed."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from analytics.columns import COLUMNS, following, publishing, reporting, state
from analytics.columns.folder import Folder
from analytics.columns.schema import build_frame, names_of
from analytics.fields.form_fields import fields_of_form
from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.forms.schema.definition import parse_definition
from tests.factories.forms import FormResponseFactory, FormVersionFactory
from tests.test_analytics import study
from tests.test_analytics.test_columns.log import Log


def test_additions_edits_and_deletions_are_read_alone(log, ages, reads):
    assert ages(log.form_id) == [1] * 10
    assert reads[0] == (True, 10)
    reads.clear()
    row = log.submit({"age": 5})[0]
    assert ages(log.form_id) == [1] * 10 + [5]
    row = log.edit(row, data={"age": 7})
    assert ages(log.form_id) == [1] * 10 + [7]
    log.delete(row)
    assert ages(log.form_id) == [1] * 10
    assert [whole for whole, _ in reads] == [False] * 3


def test_after_some_quiet_nothing_is_read_again(log, ages, reads, monkeypatch):
    monkeypatch.setattr(following, "OVERLAPS", (timedelta(0),))
    ages(log.form_id)
    reads.clear()
    assert [ages(log.form_id) for _ in range(3)] == [[1] * 10] * 3
    assert reads == [(False, 0)] * 3


@pytest.mark.parametrize("old", [timedelta(seconds=30), timedelta(minutes=30), timedelta(days=300)])
def test_a_response_that_is_committed_late_or_stamped_by_a_slow_clock_is_seen(
    log, ages, reads, old
):
    ages(log.form_id)
    reads.clear()
    log.submit({"age": 5}, submitted_at=clock.now() - old)
    assert ages(log.form_id) == [1] * 10 + [5]
    assert (True, 11) not in reads or old > timedelta(hours=1)


def test_a_response_stamped_by_a_fast_clock_hides_none_that_come_after(log, ages):
    log.submit({"age": 2}, submitted_at=clock.now() + timedelta(hours=2))
    assert ages(log.form_id) == [1] * 10 + [2]
    log.submit({"age": 3})
    assert ages(log.form_id) == [1] * 10 + [2, 3]


def test_what_comes_in_while_it_is_read_does_not_make_columns_read_again(
    log, ages, reads, form_store, monkeypatch
):
    ages(log.form_id)
    reads.clear()
    mark = type(form_store).change_mark

    def busy(self, form_id, *, before=None):
        log.submit({"age": 5})
        return mark(self, form_id, before=before)

    monkeypatch.setattr(type(form_store), "change_mark", busy)
    monkeypatch.setattr(following, "SETTLED", (timedelta(milliseconds=50),))
    started = clock.now()
    scan = COLUMNS.get(log.form_id, fields_of_form(log.form_id))
    assert started - timedelta(milliseconds=50) <= scan.as_of < started
    assert scan.rows == 10
    scan = COLUMNS.get(log.form_id, fields_of_form(log.form_id))
    assert scan.rows == 12
    assert [whole for whole, _ in reads] == [False, False]


@pytest.mark.parametrize(("late", "age"), [(0, 1), (0.9, 1), (1.5, 3), (2.9, 3)])
def test_under_a_stream_an_answer_is_as_old_as_commits_are_late(
    log, ages, monkeypatch, time_machine, late, age
):
    ages(log.form_id)
    mark, now = type(log.store).change_mark, clock.now()

    def busy(self, form_id, *, before=None):
        log.submit({"age": 5}, submitted_at=now - timedelta(seconds=late))
        return mark(self, form_id, before=before)

    monkeypatch.setattr(type(log.store), "change_mark", busy)
    time_machine.move_to(now, tick=False)
    scan = COLUMNS.get(log.form_id, fields_of_form(log.form_id))
    assert (scan.as_of, scan.rows) == (now - timedelta(seconds=age), 10)


def test_an_answer_says_for_which_moment_it_holds(log):
    fields = fields_of_form(log.form_id)
    before = clock.now()
    first = COLUMNS.get(log.form_id, fields)
    assert before <= first.as_of <= clock.now()
    log.submit({"age": 5})
    kept = COLUMNS.get(log.form_id, fields, max_age_seconds=60)
    assert (kept.rows, kept.as_of) == (10, first.as_of)
    assert COLUMNS.get(log.form_id, fields).rows == 11


@pytest.fixture
def half_read(log, monkeypatch):
    """A hundred responses, of which a first reading that failed got to the 64th."""
    monkeypatch.setattr(state, "SEGMENT_ROWS", 16)
    monkeypatch.setattr(following, "BATCH", 8)
    moment = clock.now() - timedelta(days=1)
    for number in range(9):
        hour = moment + timedelta(hours=number)
        log.submit(*({"age": 2} for _ in range(10)), submitted_at=hour)
    read, seen = following.frame_of, []

    def failing(batch, fields):
        seen.append(batch)
        if len(seen) == 9:
            raise UnavailableError("The store is away.")
        return read(batch, fields)

    with monkeypatch.context() as patch:
        patch.setattr(following, "frame_of", failing)
        with pytest.raises(UnavailableError):
            COLUMNS.get(log.form_id, fields_of_form(log.form_id))
    return log


def test_a_first_reading_that_ended_half_way_is_gone_on_with(half_read, ages, reads):
    assert ages(half_read.form_id) == [1] * 10 + [2] * 90
    assert reads[0] == (False, 40)


def test_what_was_read_half_way_is_never_answered_from(half_read):
    fields = fields_of_form(half_read.form_id)
    assert COLUMNS.get(half_read.form_id, fields, max_age_seconds=10**9).rows == 100


def test_a_new_version_brings_its_columns(log, form_store):
    COLUMNS.get(log.form_id, fields_of_form(log.form_id))
    fields = [*study.DEFINITION["fields"], {"id": "extra", "type": "integer", "label": "Extra"}]
    definition = parse_definition({"fields": fields}).to_json()
    form_store.insert_version(
        FormVersionFactory(form_id=log.form_id, number=2, definition=definition)
    )
    scan = COLUMNS.get(log.form_id, fields_of_form(log.form_id))
    assert "data.extra" in scan.frame.collect_schema()
    assert scan.rows == 10


def test_columns_are_those_that_the_store_alone_would_give(form_id, form_store):
    form_store.insert_responses(study.responses(form_id, 300))
    fields = fields_of_form(form_id)
    expected = build_frame(form_id, fields)
    for _ in range(2):
        found = COLUMNS.get(form_id, fields).frame.sort("id").collect()
        assert found.equals(expected)
        assert found.schema == expected.schema
        COLUMNS.clear()
    assert found.columns == names_of(fields)


def test_a_form_without_responses_has_empty_columns(form_id):
    fields = fields_of_form(form_id)
    scan = COLUMNS.get(form_id, fields)
    assert (scan.rows, scan.frame.collect().shape) == (0, (0, len(names_of(fields))))


def test_answers_of_another_type_are_missing(form_id, form_store):
    odd = [
        {"age": 1.5, "amount": "x", "member": 1, "department": 3, "tags": "red", "born": 2000},
        {"age": True, "amount": [1], "care": ["good"], "tags": [1], "note": {"a": 1}},
        {"age": 5, "amount": 2, "unknown": "field"},
    ]
    form_store.insert_responses([FormResponseFactory(form_id=form_id, data=data) for data in odd])
    frame = COLUMNS.get(form_id, fields_of_form(form_id)).frame.collect()
    filled = {name: frame[name].drop_nulls().to_list() for name in frame.columns}
    assert filled["data.age"] == [5]
    assert filled["data.amount"] == [2.0]
    empty = ("member", "department", "tags", "born", "care", "care.food", "note")
    assert all(filled[f"data.{name}"] == [] for name in empty)


def test_any_mixture_of_changes_ends_in_the_same_columns(form_id, form_store, monkeypatch):
    """Small segments, so that rows die in them, in memory and in each other's merging."""
    monkeypatch.setattr(publishing, "WORTH_WRITING", 4)
    monkeypatch.setattr(state, "SEGMENT_ROWS", 16)
    monkeypatch.setattr(publishing, "SEGMENT_ROWS", 16)
    rng, log, fields = random.Random(5), Log(form_id, form_store), fields_of_form(form_id)
    for step in range(60):
        for _ in range(rng.randrange(1, 7)):
            _change(rng, log)
        if rng.random() < 0.2:
            COLUMNS.clear()
        found = COLUMNS.get(form_id, fields).frame.sort("id").collect()
        assert found.equals(build_frame(form_id, fields)), step
    folder = Folder.of(form_id, fields)
    manifest = folder.find_manifest()[1]
    assert len(manifest.segments) > 2
    assert manifest.dead is not None
    assert manifest.gone is not None


def _change(rng, log):
    choice = rng.random()
    if choice < 0.6 or not log.live:
        log.submit(study.answers(rng))
    elif choice < 0.85:
        log.edit(rng.choice(list(log.live.values())), data=study.answers(rng))
    else:
        log.delete(rng.choice(list(log.live.values())))


def test_a_deleted_response_that_comes_back_is_there_again(log, ages):
    row = log.submit({"age": 5})[0]
    gone = log.edit(row, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert ages(log.form_id) == [1] * 10
    log.edit(gone, deleted_at=None)
    assert ages(log.form_id) == [1] * 10 + [5]


def test_who_reads_can_be_told_how_far_it_is(log, form_id, ages, monkeypatch):
    monkeypatch.setattr(following, "BATCH", 4)
    seen = []
    with reporting(seen.append):
        assert ages(form_id) == [1] * 10
    assert seen[:3] == [4, 4, 2]
