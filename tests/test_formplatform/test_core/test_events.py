from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest

from formplatform.core import events
from formplatform.core.events import Event, event_from, register_event, subscribe, subscribers
from formplatform.core.publishing import publish


@dataclass(frozen=True, kw_only=True)
class Painted(Event):
    name: ClassVar[str] = "fence.painted"

    colour: str


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(events, "_types", {})
    monkeypatch.setattr(events, "_subscribers", {})
    register_event(Painted)


def painted(colour: str) -> Painted:
    return Painted(id=f"evt_{colour}", occurred_at="2026-01-01T00:00:00.000Z", colour=colour)


def test_a_subscriber_gets_the_whole_batch_as_equal_events():
    seen: list[Sequence[Event]] = []
    subscribe(Painted, name="gossip.tell")(seen.append)

    publish([painted("red"), painted("blue")])

    assert seen == [[painted("red"), painted("blue")]]


def test_an_event_survives_its_payload():
    assert event_from(painted("red").payload()) == painted("red")


def test_nobody_is_called_for_an_event_nobody_wants():
    publish([painted("red")])

    assert subscribers("fence.painted") == []


def test_two_events_cannot_share_a_name():
    @dataclass(frozen=True, kw_only=True)
    class Repainted(Event):
        name: ClassVar[str] = "fence.painted"

    with pytest.raises(TypeError, match=r"fence\.painted"):
        register_event(Repainted)


def test_two_subscribers_cannot_share_a_name():
    subscribe(Painted, name="gossip.tell")(lambda events: None)

    def other(events: Sequence[Event]) -> None: ...

    with pytest.raises(TypeError, match=r"gossip\.tell"):
        subscribe(Painted, name="gossip.tell")(other)
