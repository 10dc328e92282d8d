"""Reading counters as they are kept: hashes of integers, some with the extremes of a number."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from redis.exceptions import ResponseError

from analytics import keys
from formplatform.core.connections import Numbers
from formplatform.core.errors import UnavailableError

from . import names

REMEDY = "manage.py verify_metrics FORM --repair counts them anew."


class DamagedError(UnavailableError):
    """A key of the numbers holds something else."""

    def __init__(self) -> None:
        super().__init__(f"The live numbers of this form are damaged: {REMEDY}")


class Look:
    """One look at the counters of a form. Keys that hold something else are noted and empty."""

    def __init__(self, client: Numbers, prefix: str) -> None:
        self._redis = client
        self._prefix = prefix
        self.damaged: set[str] = set()

    def at(self, wanted: Iterable[str]) -> dict[str, dict[str, int]]:
        """The counters of each key, extremes left out."""
        listed = list(wanted)
        pipeline = self._redis.pipeline(transaction=False)
        for name in listed:
            pipeline.hgetall(self._prefix + name)
        answers = pipeline.execute(raise_on_error=False)
        return {name: self._counters(name, answers[n]) for n, name in enumerate(listed)}

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Note a key where what is done shows that it holds something else."""
        try:
            yield
        except (DamagedError, ResponseError) as error:
            with suppress(DamagedError):
                checked(error)
            self.damaged.add(name)

    def _counters(self, name: str, answer: Any) -> dict[str, int]:
        try:
            found = counts_of(without_extremes(name, checked(answer)))
        except DamagedError:
            found = {}
            self.damaged.add(name)
        if names.are_possible(name, found):
            return found
        self.damaged.add(name)
        return {}


def checked(answer: Any) -> Any:
    """The answer of a pipeline that raises nothing. Raises it, or DamagedError for a wrong type."""
    if isinstance(answer, ResponseError) and "WRONGTYPE" in str(answer):
        raise DamagedError from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def integer(value: Any) -> int:
    """A counter as it is kept. Raises DamagedError."""
    try:
        return int(value)
    except ValueError as error:
        raise DamagedError from error


def counts_of(stored: Mapping[Any, Any]) -> dict[str, int]:
    """The counters of a key by their names. Raises DamagedError."""
    return {text(name): integer(count) for name, count in stored.items()}


def without_extremes(key: str, stored: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Of a number only the counters; of other keys all of it, whatever their values are called."""
    if not key.endswith(keys.NUMBERS):
        return stored
    return {name: value for name, value in stored.items() if text(name) not in keys.EXTREMES}


def text(value: Any) -> str:
    """Clients answer with bytes or, with `decode_responses`, with text."""
    return value.decode() if isinstance(value, bytes) else str(value)
