"""The guardian's own rules: one server per directory, restarts with back-off, bounded logs."""

import fcntl
import os
from itertools import pairwise
from pathlib import Path

import pytest

from formplatform.core import guardian
from formplatform.core.guardian import BackOff, Guardian, Place, cap_log, take_lock


@pytest.fixture
def place(tmp_path):
    (tmp_path / "logs").mkdir()
    return Place(tmp_path, tmp_path / "valkey.sock", tmp_path / "logs" / "valkey.log")


class Clock:
    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(guardian.time, "monotonic", lambda: self.now)


def restarts(clock, back_off, *, lives_seconds, count):
    """When a program that always lives so long is started again."""
    started, times = clock.now, []
    while len(times) < count:
        clock.now = ended = started + lives_seconds
        while not back_off.is_due(started_at=started):
            clock.now += 0.25
        times.append(clock.now - ended)
        started = clock.now
    return times


def test_a_program_that_keeps_failing_waits_longer_each_time(monkeypatch):
    clock = Clock(monkeypatch)

    waits = restarts(clock, BackOff(), lives_seconds=0.5, count=7)

    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_program_that_ran_steadily_is_forgiven(monkeypatch):
    clock = Clock(monkeypatch)
    back_off = BackOff()
    restarts(clock, back_off, lives_seconds=0.5, count=5)

    assert restarts(clock, back_off, lives_seconds=10, count=2) == [1, 1]


def test_a_directory_whose_server_is_held_by_another_is_refused(place, monkeypatch):
    monkeypatch.setattr(guardian, "STOP_SECONDS", 0.2)
    held = take_lock(place.server, fcntl.LOCK_EX)
    try:
        with pytest.raises(RuntimeError, match="another server holds"):
            Guardian(place, ["/bin/true"]).start()
    finally:
        os.close(held)
    assert not place.log.exists(), "nothing was started"


def test_a_server_that_ends_at_once_is_reported_with_its_log(place):
    with pytest.raises(RuntimeError, match=r"ended with 1, see .*valkey\.log"):
        Guardian(place, ["/bin/false"]).start()


def test_the_lock_is_free_again_when_the_server_did_not_start(place):
    with pytest.raises(RuntimeError):
        Guardian(place, ["/bin/false"]).start()

    lock = take_lock(place.server, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert lock is not None
    os.close(lock)


def test_a_long_log_is_cut_and_its_last_part_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(guardian, "LONGEST_LOG", 100)
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 101)
        writer.flush()
        cap_log(log)
        writer.write(b"after\n")

    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 101


def test_a_short_log_is_left_alone(tmp_path):
    log = tmp_path / "web.log"
    log.write_text("short")
    cap_log(log)
    assert log.read_text() == "short"
    assert [path.name for path in tmp_path.iterdir()] == ["web.log"]


def test_the_waits_never_shrink_while_it_fails(monkeypatch):
    waits = restarts(Clock(monkeypatch), BackOff(), lives_seconds=0, count=12)
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[-1] == 30


def test_the_append_only_file_is_synced_wherever_it_is_written(tmp_path, monkeypatch):
    synced = []
    open_files = Path("/proc/self/fd")
    sync = lambda file: synced.append((open_files / str(file)).readlink().name)  # noqa: E731
    monkeypatch.setattr(guardian.os, "fsync", sync)
    guardian.sync_append_only_file(tmp_path)
    assert synced == []

    (tmp_path / "appendonlydir").mkdir()
    for name in ("a.1.base.rdb", "a.1.incr.aof", "a.2.incr.aof"):
        (tmp_path / "appendonlydir" / name).touch()
    guardian.sync_append_only_file(tmp_path)
    assert sorted(synced) == ["a.1.incr.aof", "a.2.incr.aof"]
