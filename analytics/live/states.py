"""What a stream shows, as a flat mapping; how two states differ; which ones are remembered.

An event's id is the digest of the state it leads to. So a reader who comes back, to this process
or to another, is told exactly what it missed if that state is remembered, and everything if not.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

State = Mapping[str, Any]
REMEMBERED = 16
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key → value. Objects are opened; of lists each place is one value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        yield f"{prefix}.count", len(value)
        yield from ((f"{prefix}.{place}", inner) for place, inner in enumerate(value))
    else:
        yield prefix, value


def digest_of(state: State) -> str:
    encoded = orjson.dumps(dict(state), option=_SORTED)
    return hashlib.blake2b(encoded, digest_size=12).hexdigest()


def difference(old: State, new: State) -> dict[str, Any]:
    """Changed and new keys with their values, and the keys that are gone."""
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return {"changed": changed, "removed": [key for key in old if key not in new]}


class History:
    """The newest states of one source by their digests."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, State] = OrderedDict()
        self.current: str | None = None
        self.as_of = ""

    def add(self, state: State, *, as_of: str) -> bool:
        """Whether the state is another than the one before."""
        digest = digest_of(state)
        self.as_of = as_of
        if digest == self.current:
            return False
        self._states[digest] = state
        self._states.move_to_end(digest)
        while len(self._states) > REMEMBERED:
            self._states.popitem(last=False)
        self.current = digest
        return True

    def event_since(self, seen: str | None) -> bytes | None:
        """What leads a reader from the state it has seen to the present one; None: nothing."""
        if self.current is None or seen == self.current:
            return None
        new = self._states[self.current]
        old = self._states.get(seen) if seen is not None else None
        if old is None:
            return event("snapshot", {"as_of": self.as_of, "data": new}, self.current)
        return event("diff", {"as_of": self.as_of, **difference(old, new)}, self.current)


def event(name: str, data: Any, identifier: str | None = None) -> bytes:
    """One event of a `text/event-stream`; JSON has no line breaks of its own."""
    marks = b"" if identifier is None else b"id: " + identifier.encode() + b"\n"
    body = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
    return b"event: " + name.encode() + b"\n" + marks + b"data: " + body + b"\n\n"
