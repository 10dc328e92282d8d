"""Single flight: while one caller computes an answer, the others wait for it."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")

WAIT_SECONDS = 30.0


@dataclass(slots=True)
class _Flight(Generic[Result]):
    pilot: int
    landed: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None
    error: BaseException | None = None


class Flights(Generic[Result]):
    """At most one computation per key in this process. Results and errors are shared.

    A caller that waited `WAIT_SECONDS`, or that computes this very key already (recursion),
    computes for itself.
    """

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._flights: dict[Hashable, _Flight[Result]] = {}
        self._lock = threading.Lock()

    def run(self, key: Hashable, compute: Callable[[], Result]) -> Result:
        me = threading.get_ident()
        with self._lock:
            flight = self._flights.get(key)
            leads = flight is None
            if flight is None:
                flight = self._flights[key] = _Flight(me)
        if leads:
            return self._lead(key, flight, compute)
        if flight.pilot == me or not flight.landed.wait(self._wait_seconds):
            return compute()
        if flight.error is not None:
            raise flight.error
        return flight.result  # type: ignore[return-value]  # it landed without an error

    def _lead(
        self, key: Hashable, flight: _Flight[Result], compute: Callable[[], Result]
    ) -> Result:
        try:
            flight.result = compute()
        except BaseException as error:
            flight.error = error
            raise
        else:
            return flight.result
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()
