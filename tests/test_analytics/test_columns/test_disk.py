"""What lies on disk: whole or read again, small, and within its room."""

import json
import os
import shutil
import stat
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analytics.columns import COLUMNS, compaction, folder as folders, publishing
from analytics.columns.folder import Folder, all_folders
from analytics.columns.schema import frame_of
from analytics.columns.state import empty_state
from analytics.fields.form_fields import fields_of_form
from analytics.tasks import compact_columns
from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from formplatform.forms.ids import new_id
from tests.factories.forms import FormResponseFactory
from tests.test_analytics import study
from tests.test_analytics.test_columns.log import Log


@pytest.fixture(autouse=True)
def worth_writing(monkeypatch):
    monkeypatch.setattr(publishing, "WORTH_WRITING", 1)


@pytest.fixture
def no_grace(monkeypatch):
    """Nobody is taken to be reading."""
    for module in (folders, compaction):
        monkeypatch.setattr(module, "READING_SECONDS", -1)


@pytest.fixture
def changed(log, ages):
    """Columns with a dead row and a gone response on disk."""
    ages(log.form_id)
    rows = list(log.live.values())
    log.edit(rows[0], data={"age": 3})
    log.delete(rows[1])
    assert ages(log.form_id) == [1] * 8 + [3]
    return log


def files(folder, suffix=".arrow"):
    return sorted(each for each in folder.path.iterdir() if each.name.endswith(suffix))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


DAMAGES = [(damage, which) for damage in (truncate, flip, empty, os.unlink) for which in range(5)]


@pytest.mark.parametrize(("damage", "which"), DAMAGES)
def test_a_damaged_file_is_never_answered_from(changed, ages, folder, reads, damage, which):
    every = [folder.path / "manifest", *files(folder)]
    assert len(every) == 5
    damage(every[which])
    reads.clear()
    COLUMNS.clear()
    assert ages(changed.form_id) == [1] * 8 + [3]
    assert reads[0][0]
    reads.clear()
    COLUMNS.clear()
    assert ages(changed.form_id) == [1] * 8 + [3]
    assert not any(whole for whole, _ in reads)


@pytest.mark.parametrize(("damage", "which"), DAMAGES)
def test_nor_by_a_process_that_knew_it_whole(changed, ages, folder, damage, which):
    damage([folder.path / "manifest", *files(folder)][which])
    assert ages(changed.form_id) == [1] * 8 + [3]
    changed.submit({"age": 4})
    assert ages(changed.form_id) == [1] * 8 + [3, 4]
    COLUMNS.clear()
    assert ages(changed.form_id) == [1] * 8 + [3, 4]


def test_another_process_reads_what_one_wrote(changed, ages, reads):
    COLUMNS.clear()
    reads.clear()
    assert ages(changed.form_id) == [1] * 8 + [3]
    assert not any(whole for whole, _ in reads)


def test_few_changes_are_not_written_each_by_each(log, ages, folder, monkeypatch):
    ages(log.form_id)
    monkeypatch.setattr(publishing, "WORTH_WRITING", 5)
    before = folder.base()
    for number in range(1, 5):
        log.submit({"age": 2})
        assert ages(log.form_id) == [1] * 10 + [2] * number
        assert folder.base() == before
    log.submit({"age": 2})
    assert ages(log.form_id) == [1] * 10 + [2] * 5
    assert folder.base() != before


def test_many_additions_make_few_files(form_id, form_store, ages, folder):
    log = Log(form_id, form_store)
    for number in range(40):
        log.submit({"age": number})
        ages(form_id)
    assert len(folder.find_manifest()[1].segments) <= 7


def test_a_compaction_leaves_only_the_living(changed, ages, folder, no_grace):
    assert len(folder.find_manifest()[1].segments) == 2
    done = compaction.compact(folder)
    assert (done.rows, done.removed_rows, done.files) == (9, 2, 1)
    manifest = folder.find_manifest()[1]
    assert manifest.dead is None
    assert [segment.rows for segment in manifest.segments] == [9]
    assert {path.name for path in files(folder)} == {mark.name for mark in manifest.marks()}
    assert ages(changed.form_id) == [1] * 8 + [3]


def test_a_frame_taken_before_a_compaction_is_collected_after_it(changed, folder):
    scan = COLUMNS.get(changed.form_id, fields_of_form(changed.form_id))
    compaction.compact(folder)
    compact_columns()
    assert scan.frame.collect().height == 9


def test_a_reader_never_waits_for_a_writer(changed, ages, folder):
    with publishing.locked(folder.lock):
        changed.submit({"age": 5})
        started = time.monotonic()
        assert ages(changed.form_id) == [1] * 8 + [3, 5]
        assert time.monotonic() - started < 10


def test_what_grew_from_older_columns_does_not_replace_newer_ones(changed, ages, folder, no_grace):
    fields = fields_of_form(changed.form_id)
    older = publishing.load(empty_state(folder, fields))
    compaction.compact(folder)
    compacted = folder.base()
    row = FormResponseFactory(form_id=changed.form_id, data={"age": 5})
    grown = older.with_changes(frame_of([row], fields))
    assert publishing.publish(grown) is grown
    assert folder.base() == compacted
    assert ages(changed.form_id) == [1] * 8 + [3]


def test_beat_compacts_what_is_worth_it(changed, folder):
    compact_columns()
    assert folder.find_manifest()[1].dead is None
    assert compaction.compact(folder).removed_rows == 0


def test_what_was_deleted_leaves_the_disk_after_a_day(changed, folder, monkeypatch):
    monkeypatch.setattr(compaction, "DEAD_PERCENT", 50)
    compact_columns()
    assert folder.find_manifest()[1].dead is not None
    monkeypatch.setattr(compaction, "DEAD_KEPT", timedelta(0))
    compact_columns()
    assert folder.find_manifest()[1].dead is None


def test_columns_nobody_asked_for_in_a_week_are_removed(changed, ages, folder):
    os.utime(folder.path / "used", times=(time.time() - 8 * 86_400,) * 2)
    compact_columns()
    assert all_folders() == []
    assert ages(changed.form_id) == [1] * 8 + [3]


def test_what_a_killed_writer_left_is_swept(changed, folder):
    half = folder.path / "0123.arrow.4567.part"
    orphan = folder.path / "0123.arrow"
    for path in (half, orphan):
        path.write_bytes(b"x")
    compact_columns()
    assert half.exists()
    for path in (half, orphan):
        os.utime(path, times=(time.time() - 3600,) * 2)
    compact_columns()
    assert not half.exists()
    assert not orphan.exists()


def _forms(form_store, count):
    for _ in range(count):
        form_id = new_id()
        form_store.insert_version(study.version(form_id))
        form_store.insert_responses(study.responses(form_id, 50))
        yield form_id


def test_the_least_recently_used_columns_make_room(form_store, settings, ages, no_grace):
    first, second, third = _forms(form_store, 3)
    for form_id in (first, second):
        COLUMNS.get(form_id, fields_of_form(form_id))
        time.sleep(0.01)
    settings.ANALYTICS_COLUMNS_MAX_BYTES = sum(folder.size() for folder in all_folders()) + 1000
    COLUMNS.get(first, fields_of_form(first))
    COLUMNS.get(third, fields_of_form(third))
    assert {folder.form_id for folder in all_folders()} == {first, third}
    for form_id in (first, second, third):
        assert COLUMNS.get(form_id, fields_of_form(form_id)).rows == 50


def test_columns_larger_than_the_room_still_answer(log, ages, settings, no_grace):
    settings.ANALYTICS_COLUMNS_MAX_BYTES = 1
    assert [ages(log.form_id) for _ in range(2)] == [[1] * 10] * 2


def test_columns_in_use_are_not_removed(form_store, settings):
    settings.ANALYTICS_COLUMNS_MAX_BYTES = 1
    scans = [COLUMNS.get(each, fields_of_form(each)) for each in _forms(form_store, 2)]
    assert [scan.frame.collect().height for scan in scans] == [50, 50]


def test_answers_on_disk_are_for_this_account_alone(changed, folder):
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(folder)} == {0o600}


def test_a_disk_that_refuses_is_said(log, settings, tmp_path):
    settings.ANALYTICS_COLUMNS_PATH = tmp_path / "file"
    settings.ANALYTICS_COLUMNS_PATH.write_text("in the way")
    with pytest.raises(UnavailableError, match="ANALYTICS_COLUMNS_PATH"):
        COLUMNS.get(log.form_id, fields_of_form(log.form_id))


def command(*arguments):
    out, err = StringIO(), StringIO()
    call_command("compact_columns", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def known_form(changed, monkeypatch):
    """The command asks the store for the form itself."""
    monkeypatch.setattr("analytics.management.selection.get_store", lambda: _Knowing(changed.store))
    return changed.form_id


class _Knowing:
    def __init__(self, store):
        self.store = store

    def find_form(self, form_id):
        return form_id if self.store.list_versions(form_id) else None


def test_the_command_says_what_it_did(known_form):
    out, err = command(known_form)
    assert out.startswith(f"{known_form}: 9 rows, 2 dead ones removed, 2 files made 1, ")
    assert "rows" in err


def test_the_command_speaks_json(known_form):
    (found,) = json.loads(command(known_form, "--format", "json")[0])
    assert (found["form_id"], found["rows"], found["removed_rows"]) == (known_form, 9, 2)
    assert found["bytes"] > 0


def test_the_command_refuses_a_form_that_does_not_exist(changed, folder):
    before = folder.base()
    with pytest.raises(CommandError):
        command(new_id())
    assert folder.base() == before


def test_a_folder_removed_while_it_is_used_is_made_again(changed, ages, root):
    shutil.rmtree(root)
    assert ages(changed.form_id) == [1] * 8 + [3]
    assert clock.now() - COLUMNS.get(
        changed.form_id, fields_of_form(changed.form_id)
    ).as_of < timedelta(seconds=5)
    assert len(all_folders()) == 1
    assert all_folders()[0] == Folder.of(changed.form_id, fields_of_form(changed.form_id))
