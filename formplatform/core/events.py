"""Domain events: what happened, and who wants to know.

An event is a frozen dataclass that carries ids and revisions, never answers. A subscriber is a
function that takes a batch of events and is idempotent per event id. Apps subscribe in
`<app>/subscribers.py`, imported from their `AppConfig.ready`; nothing imports them back.
`manage.py list_subscribers` prints the whole map.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

logger = logging.getLogger(__name__)

Payload = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base event. `name` is public (webhooks subscribe to it) and never changes its meaning.

    `id` is the same however often the event is published; `occurred_at` is ISO 8601 in UTC.
    """

    name: ClassVar[str]
    id: str
    occurred_at: str

    def payload(self) -> Payload:
        return {"event": self.name, **asdict(self)}


Handler = Callable[[Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who listens: a unique name, the events it takes, the function that handles a batch."""

    name: str
    events: tuple[str, ...]
    handle: Handler


EventType = TypeVar("EventType", bound=type[Event])

_types: dict[str, type[Event]] = {}
_subscribers: dict[str, Subscriber] = {}


def register_event(event_type: EventType) -> EventType:
    """Add an event to the closed registry (class decorator)."""
    if _types.setdefault(event_type.name, event_type) is not event_type:
        raise TypeError(f"Two events are named {event_type.name}.")
    return event_type


def subscribe(*events: type[Event], name: str) -> Callable[[Handler], Handler]:
    """Run a function for each of the given events, under a unique name."""

    def register(handler: Handler) -> Handler:
        known = _subscribers.get(name)
        if known is not None and known.handle.__qualname__ != handler.__qualname__:
            raise TypeError(f"Two subscribers are named {name}.")
        _subscribers[name] = Subscriber(name, tuple(e.name for e in events), handler)
        return handler

    return register


def event_types() -> dict[str, type[Event]]:
    return dict(_types)


def subscribers(event_name: str | None = None) -> list[Subscriber]:
    """Every subscriber, or those of one event, in the order of their names."""
    found = sorted(_subscribers.values(), key=lambda subscriber: subscriber.name)
    return [s for s in found if event_name is None or event_name in s.events]


def event_from(payload: Payload) -> Event:
    """The event a payload was made of."""
    fields = dict(payload)
    return _types[fields.pop("event")](**fields)


def deliver(subscriber_name: str, payloads: Sequence[Payload]) -> None:
    """Run one subscriber on a batch; one that was removed while the message waited is done."""
    subscriber = _subscribers.get(subscriber_name)
    if subscriber is None:
        logger.warning("no such subscriber any more", extra={"subscriber": subscriber_name})
        return
    subscriber.handle([event_from(payload) for payload in payloads])
