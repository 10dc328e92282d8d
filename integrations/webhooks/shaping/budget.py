"""What one rendering may cost: counted while it runs, whoever wrote the template."""

from typing import Any

MOST_STEPS = 200_000
"""Steps of one rendering: evaluated parts and, in larger units, characters and items moved."""
LARGEST_VALUE = 256 * 1024
"""Characters of a text, or items of a list with all that is in it, that a template may make."""
CHARACTERS_PER_STEP = 64


class Fault(Exception):  # noqa: N818 - a finding about a template; callers turn it into an error
    """Something a person wrote cannot be used: a stable code, a sentence, and the line if known."""

    def __init__(self, code: str, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line

    def __str__(self) -> str:
        return self.message if self.line is None else f"Line {self.line}: {self.message}"


class Budget:
    """The steps that one rendering has left."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises Fault once everything is spent."""
        self.left -= steps
        if self.left < 0:
            raise Fault("too_costly", f"It takes more than {MOST_STEPS:,} steps: do less.")

    def spend_text(self, length: int) -> None:
        """Raises Fault for a text that is too long, before it is made."""
        if length > LARGEST_VALUE:
            raise Fault("too_large", f"It makes a text of more than {LARGEST_VALUE:,} characters.")
        self.spend(1 + length // CHARACTERS_PER_STEP)

    def spend_value(self, value: Any) -> None:
        """Count a value with all that is in it, each part as often as it occurs."""
        if isinstance(value, str):
            self.spend_text(len(value))
        elif isinstance(value, list | tuple | dict):
            self._spend_items(value)
        else:
            self.spend(1)

    def _spend_items(self, value: Any) -> None:
        """Stops at the limit, so a value that holds itself many times over costs no more."""
        pending, items = [value], 0
        while pending:
            each = pending.pop()
            self.spend(1)
            items += 1 + (len(each) if isinstance(each, str) else 0)
            if items > LARGEST_VALUE:
                message = f"It makes a value of more than {LARGEST_VALUE:,} parts and characters."
                raise Fault("too_large", message)
            if isinstance(each, str):
                self.spend(len(each) // CHARACTERS_PER_STEP)
            elif isinstance(each, dict):
                pending += [*each, *each.values()]
            elif isinstance(each, list | tuple):
                pending += each
