"""One call's clock: how much of it is left, and where the time went.

A socket's own timeout starts anew with every read, so a peer that drips one byte a second keeps a
caller for ever. Here every operation waits for what is left of the whole call, and no longer.
"""

import time

PHASES = ("dns", "connect", "tls", "wait", "body")
"""What a call spends its time on; `wait` is until the head of the answer is there."""


class Call:
    """A call in progress. The clock starts with it; it belongs to one thread."""

    __slots__ = ("_deadline", "_phase", "_since", "_spent", "_started", "peer")

    def __init__(self, seconds: float) -> None:
        self._started = self._since = time.monotonic()
        self._deadline = self._started + seconds
        self._phase = ""
        self._spent: dict[str, float] = {}
        self.peer = ""
        """The address that was connected to, once there is one."""

    def remaining_seconds(self) -> float:
        """What is left of the call.

        Raises:
            TimeoutError: nothing is.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The call took longer than it may.")
        return left

    def enter(self, phase: str) -> None:
        """The next phase begins, and the one before ends. A phase may come twice: it adds up."""
        now = time.monotonic()
        if self._phase:
            self._spent[self._phase] = self._spent.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now

    @property
    def phase(self) -> str:
        return self._phase

    def end(self) -> dict[str, float | None]:
        """Milliseconds by phase, None for one that was not needed: a warm connection has three."""
        self.enter("")
        spent = self._spent
        return {name: round(spent[name] * 1000, 2) if name in spent else None for name in PHASES}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started
