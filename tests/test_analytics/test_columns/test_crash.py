"""Many processes at the same columns, and kill -9 before any operation on a file."""

import random
import shutil
import threading

import pytest

from analytics.columns import COLUMNS, compaction, publishing
from analytics.columns.folder import all_folders
from analytics.columns.publishing import load
from analytics.columns.schema import build_frame
from analytics.columns.state import empty_state
from analytics.fields.form_fields import fields_of_form
from tests.test_analytics import study

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def worth_writing(monkeypatch):
    monkeypatch.setattr(publishing, "WORTH_WRITING", 1)


def nothing(log):
    pass


def change(log):
    rows = list(log.live.values())
    log.edit(rows[0], data={"age": 3})
    log.delete(rows[1])
    log.submit({"age": 4})


SCENARIOS = [
    ("get", nothing, "a first reading"),
    ("get", change, "changes"),
    ("compact", nothing, "a compaction"),
    ("remove", nothing, "a removal"),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[name for *_, name in SCENARIOS])
def test_a_writer_killed_anywhere_leaves_columns_whole(
    start, log, root, folder, tmp_path, scenario
):
    action, act, name = scenario
    fields = fields_of_form(log.form_id)
    if name != "a first reading":
        COLUMNS.get(log.form_id, fields)
        change(log)
        COLUMNS.get(log.form_id, fields)
    whole = load(empty_state(folder, fields))
    kept = tmp_path / "kept"
    root.mkdir(exist_ok=True)
    shutil.copytree(root, kept)
    act(log)
    expected, process = build_frame(log.form_id, fields), start()
    for number in range(1, 100):
        shutil.rmtree(root)
        shutil.copytree(kept, root)
        outcome = process.run(action, log.form_id, number)
        found = load(empty_state(folder, fields))
        if whole is not None and action != "remove":
            assert found is not None, number
        if found is not None:
            rows = found.frame(fields).sort("id").collect()
            assert found.totals in (whole and whole.totals, (log.store.change_mark(log.form_id)))
            assert rows.height == found.rows
        COLUMNS.clear()
        answer = COLUMNS.get(log.form_id, fields).frame.sort("id").collect()
        assert answer.equals(expected), number
        if outcome == "done":
            break
        assert outcome == "killed"
    assert outcome == "done"
    assert number > 3


def test_readers_and_writers_at_once_never_miss_a_response(start, log):
    fields = fields_of_form(log.form_id)
    COLUMNS.get(log.form_id, fields)
    outcomes, processes = [], [start() for _ in range(2)]
    threads = [
        threading.Thread(target=lambda each=each: outcomes.append(each.run("check", log.form_id)))
        for each in processes
    ]
    for thread in threads:
        thread.start()
    rng, steps = random.Random(3), 0
    while any(thread.is_alive() for thread in threads):
        log.submit(study.answers(rng))
        if steps % 3 == 0:
            log.edit(rng.choice(list(log.live.values())), data=study.answers(rng))
        if steps % 10 == 9:
            for folder in all_folders(log.form_id):
                compaction.compact(folder)
        steps += 1
    for thread in threads:
        thread.join()
    assert outcomes == ["done", "done"]
    assert steps > 20
    found = COLUMNS.get(log.form_id, fields).frame.sort("id").collect()
    assert found.equals(build_frame(log.form_id, fields))
