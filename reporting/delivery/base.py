"""Channels: the ways a finished report goes to people. One module per channel."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A finished report on its way out. `name` is unique among all runs and attempts."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Where a document went: a place the channel can find again, its size, its digest."""

    place: str
    size: int
    sha256: str


class Channel(Protocol):
    name: str

    def deliver(self, document: Document) -> Receipt:
        """All of it or nothing. Raises UnavailableError where trying again may help."""
