"""A full disk, a damaged neighbour, clocks set back, kills at any moment: no wrong number."""

import hashlib
import os
import random
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from analytics.columns import COLUMNS, compaction, folder as folders, publishing
from analytics.columns.files import locked
from analytics.columns.folder import Folder, all_folders
from analytics.columns.schema import build_frame
from analytics.fields.form_fields import fields_of_form
from analytics.tasks import compact_columns
from formplatform.core import clock
from formplatform.forms.ids import new_id
from tests.factories.forms import FormFactory
from tests.test_analytics import study
from tests.test_analytics.test_columns.log import Log

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def worth_writing(monkeypatch):
    monkeypatch.setattr(publishing, "WORTH_WRITING", 1)


def files(root):
    return sorted(str(each.relative_to(root)) for each in root.rglob("*") if each.is_file())


@pytest.fixture
def three(form_store, ages):
    """Forms with a dead row each, in the order in which beat comes to them."""
    logs = []
    for _ in range(3):
        form_id = new_id()
        form_store.insert_version(study.version(form_id))
        log = Log(form_id, form_store)
        rows = log.submit({"age": 1}, {"age": 2})
        ages(form_id)
        log.delete(rows[0])
        assert ages(form_id) == [2]
        logs.append(log)
    return logs


def folder_of(log):
    return Folder.of(log.form_id, fields_of_form(log.form_id))


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def of_another_release(path):
    body = b'{"rows": 1}'
    path.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


DAMAGES = [
    (truncate, "segment"),
    (os.unlink, "segment"),
    (truncate, "manifest"),
    (os.unlink, "manifest"),
    (of_another_release, "manifest"),
]


def damage(folder, how, which):
    segment = folder.find_manifest()[1].segments[0].mark.name
    how(folder.path / (segment if which == "segment" else "manifest"))


@pytest.mark.parametrize(("how", "which"), DAMAGES)
def test_damaged_columns_are_removed_and_keep_no_others_from_their_turn(three, ages, how, which):
    first, second, third = map(folder_of, three)
    damage(second, how, which)
    compact_columns()
    assert [*all_folders()] == [first, third]
    assert [each.find_manifest()[1].dead for each in (first, third)] == [None, None]
    assert [ages(log.form_id) for log in three] == [[2]] * 3


@pytest.mark.parametrize(("how", "which"), DAMAGES)
def test_they_are_read_again_where_somebody_asks_first(three, ages, how, which):
    damage(folder_of(three[1]), how, which)
    COLUMNS.clear()
    assert ages(three[1].form_id) == [2]


def test_what_the_disk_refuses_of_one_form_keeps_no_others_from_their_turn(three, ages, caplog):
    first, second, third = map(folder_of, three)
    (second.path / "manifest").unlink()
    (second.path / "manifest").mkdir()
    compact_columns()
    assert "columns cannot be compacted" in caplog.text
    assert [each.find_manifest()[1].dead for each in (first, third)] == [None, None]
    (second.path / "manifest").rmdir()
    assert [ages(log.form_id) for log in three] == [[2]] * 3


def test_columns_that_somebody_is_writing_are_not_taken_for_damaged(log, folder, root):
    folder.path.mkdir(parents=True)
    (folder.path / "half.arrow").write_bytes(b"x")
    with locked(folder.lock):
        compact_columns()
        assert all_folders() == [folder]
    compact_columns()
    assert files(root) == []


def test_what_others_keep_in_the_same_place_is_left_alone(three, root, ages):
    for name in ("lost+found", "backups-0123456789abcdef", "0123456789abcdef01234567"):
        (root / name).mkdir()
        (root / name / "precious").write_text("x")
    compact_columns()
    assert len(list(root.rglob("precious"))) == 3
    assert {*all_folders()} == {*map(folder_of, three)}


def test_a_neighbour_that_cannot_be_looked_at_keeps_nobody_from_an_answer(three, ages, caplog):
    used = folder_of(three[1]).path / "used"
    used.unlink()
    used.symlink_to("used")
    three[0].submit({"age": 5})
    assert ages(three[0].form_id) == [2, 5]
    assert "columns cannot be looked at" in caplog.text
    compact_columns()
    assert [folder_of(three[place]).find_manifest()[1].dead for place in (0, 2)] == [None, None]


def test_removed_columns_leave_nothing_behind(three, root):
    assert len(files(root)) > 6
    for each in all_folders():
        os.utime(each.path / "used", times=(time.time() - 8 * 86_400,) * 2)
    compact_columns()
    assert files(root) == []


def test_a_lock_that_is_removed_while_somebody_waits_is_still_one_lock(tmp_path):
    path, taken, given_back = tmp_path / "lock", threading.Event(), threading.Event()

    def wait():
        with locked(path):
            taken.set()
            given_back.wait(60)

    waiting = threading.Thread(target=wait)
    with locked(path):
        waiting.start()
        assert not taken.wait(0.1)
        path.unlink()
    assert taken.wait(60)
    with locked(path, wait=False) as mine:
        assert not mine
    given_back.set()
    waiting.join()


def test_a_clock_that_is_set_back_makes_no_answer_stale(log, ages, time_machine):
    now = clock.now()
    time_machine.move_to(now + 2 * HOUR)
    assert ages(log.form_id) == [1] * 10
    time_machine.move_to(now)
    log.submit({"age": 5})
    for _ in range(2):
        scan = COLUMNS.get(log.form_id, fields_of_form(log.form_id), max_age_seconds=5)
        assert (scan.rows, scan.as_of <= clock.now()) == (11, True)
        COLUMNS.clear()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_gives_right_answers_or_says_what_to_do(start, log, root, folder):
    process = start()
    outcomes = [process.run("get-full", log.form_id, room) for room in (0, 1_000, 5_000)]
    assert outcomes == ["refused"] * 3
    assert [each for each in files(root) if each.endswith((".arrow", ".part", "manifest"))] == []
    assert process.run("get-full", log.form_id, 1_000_000) == "done"
    log.delete(next(iter(log.live.values())))
    log.submit({"age": 5})
    before = files(root)
    for room in (0, 1_000, 5_000):
        assert process.run("get-full", log.form_id, room) == "done"
    assert not any(each.endswith(".part") for each in files(root))
    assert {*before} <= {*files(root)}
    assert process.run("get", log.form_id) == "done"
    assert folder.find_manifest()[1].count == 11


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_compaction_on_a_full_disk_leaves_the_columns_as_they_were(
    start, log, form_store, folder, ages
):
    form_store.insert_form(FormFactory(id=log.form_id))
    process = start()
    ages(log.form_id)
    log.delete(next(iter(log.live.values())))
    assert ages(log.form_id) == [1] * 9
    before = folder.base()
    assert process.run("compact-full", log.form_id, 1_000) == "refused"
    assert folder.base() == before
    COLUMNS.clear()
    assert ages(log.form_id) == [1] * 9


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_builders_and_compactors_killed_at_any_moment_leave_no_wrong_number_and_no_waste(
    start, log, root, folder, monkeypatch
):
    rng, fields, processes = random.Random(8), fields_of_form(log.form_id), [start(), start()]
    outcomes = []

    def churn(process):
        outcomes.append(process.run("churn", log.form_id, rng.randrange(5, 120)))

    for _ in range(12):
        threads = [threading.Thread(target=churn, args=[each]) for each in processes]
        for thread in threads:
            thread.start()
        log.edit(rng.choice([*log.live.values()]), data=study.answers(rng))
        log.submit(*(study.answers(rng) for _ in range(20)))
        log.delete(rng.choice([*log.live.values()]))
        for thread in threads:
            thread.join()
        COLUMNS.clear()
        found = COLUMNS.get(log.form_id, fields).frame.sort("id").collect()
        assert found.equals(build_frame(log.form_id, fields))
    assert outcomes == ["killed"] * 24
    for module in (folders, compaction):
        monkeypatch.setattr(module, "READING_SECONDS", -1)
    compact_columns()
    named = [mark.name for mark in folder.find_manifest()[1].marks()]
    assert {Path(each).name for each in files(folder.path)} == {*named, "manifest", "used"}
