"""What serves live streams survives a mistake nobody expected. No web server is started here."""

import json
import socket
import time
from dataclasses import dataclass, field

import pytest

from analytics.live import hub
from analytics.live.hub import Hub
from analytics.live.permits import Permit
from analytics.live.streams import HEARTBEAT, Opening
from analytics.metrics import forget_forms
from caching.redis_client import shared_client
from formplatform.core.actors import Actor
from formplatform.core.errors import PermissionDeniedError
from formplatform.core.logs import LineFormatter
from formplatform.forms.ids import new_id

ANSWER = "what a respondent wrote"
PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class Numbers:
    """A source in memory."""

    form_id: str = field(default_factory=new_id)
    holds_seconds: float = 3600.0
    shown: dict[str, int] = field(default_factory=lambda: {"total": 1}, hash=False)

    def read(self):
        return dict(self.shown), "2026-01-31T00:00:00.000Z"

    def add(self):
        """Something is counted."""
        self.shown["total"] += 1
        forget_forms([self.form_id])


class Reader:
    def __init__(self, connection):
        self._connection = connection
        self._connection.settimeout(PATIENCE_SECONDS)
        self._lines = connection.makefile("rb")

    def next(self):
        """The name of the next event and what it says; signs of life are passed over."""
        found = {}
        for line in self._lines:
            name, _, rest = line.decode().strip().partition(": ")
            if not name and "data" in found:
                return found["event"], json.loads(found["data"])
            found[name] = rest
        return None

    def beats(self):
        """Waits for a sign of life."""
        return any(line.strip() == HEARTBEAT.strip() for line in self._lines)

    def close(self):
        self._lines.close()
        self._connection.close()


class Confused:
    """A client of Redis with a mistake in it."""

    def mget(self, _names):
        raise ValueError(ANSWER)


@pytest.fixture(autouse=True)
def soon(monkeypatch, settings):
    monkeypatch.setattr(hub, "AWAY_SECONDS", 0.3)
    settings.LIVE_RECHECK_SECONDS = 3600
    settings.LIVE_HEARTBEAT_SECONDS = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken(Permit):
    """One that holds until somebody looks."""

    def check(self):
        raise PermissionDeniedError("It was taken.")


@pytest.fixture
def running():
    return Hub()


@pytest.fixture
def listen(running):
    """Opens streams of sources, in one process, and takes what comes first."""
    readers = []

    def open_one(source):
        ours, theirs = socket.socketpair()
        permit = Taken(actor=Actor(user_id=1), source=source)
        place = running.places.take(1)
        running.adopt(theirs, Opening(permit=permit, place=place, seen=None, chunked=False))
        readers.append(Reader(ours))
        assert readers[-1].next()[1]["data"] == {"total": 1}
        return readers[-1]

    yield open_one
    for reader in readers:
        reader.close()


@pytest.fixture
def numbers():
    return Numbers()


@pytest.fixture
def reader(listen, numbers):
    return listen(numbers)


def logged(caplog):
    """What was written about the parts of the hub, as a log shows it."""
    records = [each for each in caplog.records if each.name == hub.__name__]
    return [LineFormatter().format(each) for each in records]


def test_a_watch_that_meets_a_mistake_says_so_and_then_goes_on(
    reader, numbers, monkeypatch, caplog
):
    monkeypatch.setattr(hub, "shared_client", Confused)
    assert reader.next()[0] == "unavailable"
    time.sleep(1)  # it fails a few times more
    numbers.add()
    monkeypatch.setattr(hub, "shared_client", shared_client)
    assert reader.next()[0] == "available"
    name, found = reader.next()
    assert (name, found["changed"]) == ("diff", {"total": 2})
    numbers.add()
    assert reader.next()[1]["changed"] == {"total": 3}
    (line,) = logged(caplog)
    assert "ValueError" in line
    assert "mget" in line
    assert ANSWER not in line


def test_mistakes_of_another_kind_are_written_down_too(reader, monkeypatch, caplog):
    monkeypatch.setattr(hub, "shared_client", Confused)
    assert reader.next()[0] == "unavailable"
    monkeypatch.setattr(hub, "shared_client", lambda: None)
    time.sleep(1)
    monkeypatch.setattr(hub, "shared_client", shared_client)
    assert reader.next()[0] == "available"
    assert [("ValueError" in line, "AttributeError" in line) for line in logged(caplog)] == [
        (True, False),
        (False, True),
    ]


def test_signs_of_life_and_checks_go_on_after_a_mistake(reader, numbers, settings, caplog):
    settings.LIVE_HEARTBEAT_SECONDS = "often"
    time.sleep(1.2)
    numbers.add()
    assert reader.next()[1]["changed"] == {"total": 2}
    settings.LIVE_HEARTBEAT_SECONDS = 1
    assert reader.beats()
    settings.LIVE_RECHECK_SECONDS = 0
    assert reader.next() == ("revoked", {"message": "It was taken."})
    (line,) = logged(caplog)
    assert "TypeError" in line


class Odd(Numbers):
    """A source that nothing can be made of for a while."""

    def read(self):
        if self.shown["total"] == 2:
            return {"total": object()}, "2026-01-31T00:00:00.000Z"
        return super().read()


def test_one_source_that_is_odd_keeps_no_other_from_its_changes(reader, numbers, listen, caplog):
    odd = Odd()
    other = listen(odd)
    odd.add()
    assert other.next()[0] == "unavailable"
    numbers.add()
    assert reader.next()[1]["changed"] == {"total": 2}
    odd.add()
    assert other.next()[0] == "available"
    assert other.next()[1]["changed"] == {"total": 3}
    (line,) = logged(caplog)
    assert "TypeError" in line


def test_the_end_of_the_process_is_no_mistake(reader, running, caplog):
    running._watchers.shutdown()
    assert reader.next()[0] == "unavailable"
    time.sleep(0.5)
    assert logged(caplog) == []
