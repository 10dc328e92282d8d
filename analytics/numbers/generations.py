"""Generations of a form's numbers: one is live, another may be counted beside it.

A rebuild announces its generation, and from then on every count goes to both. Whatever was counted
only to the live one was in the form store before the announcement, so the scan that follows finds
it. When the scan is through, the new generation takes the place of the live one at once.
"""

from collections.abc import Iterable, Iterator

from redis.exceptions import ResponseError

from analytics.keys import FormKeys
from formplatform.core.connections import Numbers

from .server_functions import FLIP, Call, ServerFunctions

ALIVE_SECONDS = 300
"""A rebuild that shows no life for so long is dead, and counts stop going to it."""
UNLINK_BATCH = 500


class Generations:
    """The generations of one form."""

    def __init__(self, client: Numbers, form_id: str) -> None:
        self._redis = client
        self._functions = ServerFunctions(client)
        self._form_id = form_id
        self._form = FormKeys(form_id)

    @property
    def live(self) -> int:
        return int(self._redis.get(self._form.generation) or 0)

    def announce(self) -> int:
        """A new generation, which gets every count from now on."""
        try:
            generation = int(self._redis.incr(self._form.last_generation))
        except ResponseError:  # somebody put something else there
            self._redis.set(self._form.last_generation, self.live)
            generation = int(self._redis.incr(self._form.last_generation))
        self._redis.set(self._form.rebuild, generation, ex=ALIVE_SECONDS)
        return generation

    def keep(self, generation: int) -> bool:
        """Show life. False where another rebuild took over, or time ran out."""
        if int(self._redis.get(self._form.rebuild) or 0) != generation:
            return False
        return bool(self._redis.expire(self._form.rebuild, ALIVE_SECONDS))

    def abandon(self, generation: int) -> None:
        """Let counts stop going to it; `clean` then removes what it holds."""
        if int(self._redis.get(self._form.rebuild) or 0) == generation:
            self._redis.delete(self._form.rebuild)

    def flip(self, generation: int) -> bool:
        """Make it the live one. False, and nothing done, where it is no longer announced."""
        names = [self._form.generation, self._form.rebuild]
        shadow = FormKeys(self._form_id, generation)
        arguments: list[str | bytes | int] = [generation, self._form.prefix, shadow.prefix]
        return bool(self._functions.run([Call(FLIP, names, arguments)])[0])

    def clean(self) -> int:
        """Remove what dead rebuilds and former generations left. Returns how many keys."""
        last = int(self._redis.get(self._form.last_generation) or 0)
        rebuilding = self._redis.get(self._form.rebuild)
        kept = {self.live} | ({int(rebuilding)} if rebuilding else set())
        return self._unlink(self._leftovers(last, kept))

    def remove_all(self) -> int:
        """Remove every number of the form; a rebuild of it gives up. Returns how many keys."""
        return self._unlink(self._scan(self._form.root))

    def _leftovers(self, last: int, kept: set[int]) -> Iterator[str]:
        for family in ("applied:", "shadow:"):
            prefix = self._form.root + family
            for key in self._scan(prefix):
                generation = int(key.removeprefix(prefix).partition(":")[0])
                if generation <= last and generation not in kept:
                    yield key

    def _scan(self, prefix: str) -> Iterator[str]:
        for found in self._redis.scan_iter(match=f"{prefix}*", count=1000):
            yield found.decode() if isinstance(found, bytes) else str(found)

    def _unlink(self, keys: Iterable[str]) -> int:
        removed = 0
        for batch in _batches(keys):
            pipeline = self._redis.pipeline(transaction=False)
            for key in batch:
                pipeline.unlink(key)
            removed += sum(pipeline.execute())
        return removed


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for key in keys:
        batch.append(key)
        if len(batch) == UNLINK_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
