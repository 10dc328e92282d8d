"""Hooks: synchronous extension points that lower layers call and upper layers fill.

A hook is a typed chain of functions over one value: each gets the value the one before returned.
Unlike an event, a hook runs inside the caller and may refuse by raising a `PlatformError`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Value = TypeVar("Value")

_hooks: dict[str, "Hook[object]"] = {}


class Hook(Generic[Value]):
    """One extension point. Declare it once, at module level, where it is called."""

    def __init__(self, name: str, *, purpose: str) -> None:
        if name in _hooks:
            raise TypeError(f"Two hooks are named {name}.")
        self.name = name
        self.purpose = purpose
        self._filled: dict[str, Callable[[Value], Value]] = {}
        _hooks[name] = self  # type: ignore[assignment]  # the registry only lists

    def fill(self, name: str, function: Callable[[Value], Value]) -> None:
        """Add a function under a unique name; the same name replaces."""
        self._filled[name] = function

    def empty(self, name: str) -> None:
        self._filled.pop(name, None)

    @contextmanager
    def filled(self, name: str, function: Callable[[Value], Value]) -> Iterator[None]:
        """Fill for the length of a block."""
        self.fill(name, function)
        try:
            yield
        finally:
            self.empty(name)

    def run(self, value: Value) -> Value:
        """Pass the value through every function, in the order of their names."""
        for name in sorted(self._filled):
            value = self._filled[name](value)
        return value

    def names(self) -> list[str]:
        return sorted(self._filled)


def hooks() -> list["Hook[object]"]:
    return [_hooks[name] for name in sorted(_hooks)]
