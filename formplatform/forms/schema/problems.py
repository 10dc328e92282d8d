"""Collecting everything that is wrong before saying no once."""

from collections.abc import Collection
from difflib import get_close_matches

from formplatform.core.errors import FieldError, InvalidInputError

Near = tuple[str, Collection[str]]
"""A word that is wrong, and those that would be right: what a hint is looked for in."""
MOST_HINTS = 3
"""Each is letter by letter work, and one request may be wrong a thousand times."""


class Wrong(Exception):  # noqa: N818 - never leaves this package
    """One wrong value: a code and a sentence; whoever catches it knows the place."""

    def __init__(self, code: str, message: str, *, near: "Near | None" = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.near = near


class Problems:
    """What was found wrong so far, each with its place."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self._hints = 0

    def add(self, place: str, code: str, message: str, *, near: Near | None = None) -> None:
        """With a hint behind the message where one is near; only the first few are looked for."""
        if near and self._hints < MOST_HINTS:
            self._hints += 1
            message += did_you_mean(*near)
        self.errors.append(FieldError(place, code, message))

    def add_wrong(self, place: str, wrong: Wrong) -> None:
        self.add(place, wrong.code, wrong.message, near=wrong.near)

    def raise_if_any(self, message: str) -> None:
        if self.errors:
            raise InvalidInputError(message, errors=self.errors)


LONGEST_WORD = 64
MOST_COMPARED = 100
"""A hint compares letter by letter: beyond this it would cost a stranger's request too much."""


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A hint to append to a message; empty where nothing is near, or much would be compared."""
    if len(word) > LONGEST_WORD or len(known) > MOST_COMPARED:
        return ""
    near = get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
