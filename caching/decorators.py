"""`@cached`: keep what a function returns, near and far, until its tags are bumped."""

import fnmatch
import functools
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

from django.conf import settings

from formplatform.core.errors import InvalidInputError

from . import keys, tags as tag_versions
from .tiers import Call, default_tiers

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Tags = Sequence[str] | Callable[..., Sequence[str]]

LAG_SECONDS = 1.0
"""How long a function without tags of its own trusts this process before it asks Redis again."""

_functions: dict[str, "CachedFunction[Any, Any]"] = {}


class CachedFunction(Generic[Arguments, Result]):
    """A function in front of which the cache stands. Call it as before."""

    def __init__(
        self,
        function: Callable[Arguments, Result],
        *,
        name: str,
        ttl: float | None,
        tags: Tags,
        lag_seconds: float | None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.name = name
        self.function = function
        self.tag = keys.function_tag(name)
        keys.tag_key(self.tag)
        self._ttl = ttl
        self._tags = tags
        own_lag = 0.0 if tags else LAG_SECONDS
        self._lag_seconds = own_lag if lag_seconds is None else lag_seconds

    @property
    def ttl(self) -> float:
        return settings.CACHE_L2_DEFAULT_TTL if self._ttl is None else self._ttl

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        tags = self._tags(*args, **kwargs) if callable(self._tags) else self._tags
        slot = tags[0] if tags else self.tag
        call = Call(
            function=self.name,
            key=keys.value_key(self.name, slot, args, kwargs),
            tags=(*tags, self.tag),
            ttl=self.ttl,
            lag_seconds=self._lag_seconds,
            survives_outage=not tags,
        )
        found: Result = default_tiers().answer(call, lambda: self.function(*args, **kwargs))
        return found

    def invalidate(self) -> None:
        """Make everything this function returned stale. Raises UnavailableError without Redis."""
        tag_versions.bump(self.tag)


def cached(
    ttl: float | None = None,
    key_prefix: str | None = None,
    *,
    tags: Tags = (),
    lag_seconds: float | None = None,
) -> Callable[[Callable[Arguments, Result]], CachedFunction[Arguments, Result]]:
    """Keep what a plain function returns, for everybody who calls it with the same arguments.

    Arguments and result must be plain data (`codec.encode`); anything else raises
    UncacheableError. So whatever decides the answer, the user included, must be an argument. None
    is kept like any other value; an exception never is. Concurrent callers wait for the first.

    Args:
        ttl: seconds an answer counts (CACHE_L2_DEFAULT_TTL; near ones CACHE_L1_TTL at most).
        key_prefix: the function's name in keys and statistics (its module and name).
        tags: names whose bump makes the answer stale; or a function of the same arguments.
        lag_seconds: for how long this process may answer without asking Redis whether a tag was
            bumped elsewhere. 0 with tags, so that a bump counts at once everywhere; else 1.
    """

    def decorate(function: Callable[Arguments, Result]) -> CachedFunction[Arguments, Result]:
        name = key_prefix or f"{function.__module__}.{function.__name__}"
        made = CachedFunction(function, name=name, ttl=ttl, tags=tags, lag_seconds=lag_seconds)
        known = _functions.get(name)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise TypeError(f"Two cached functions are named {name}.")
        _functions[name] = made
        return made

    return decorate


def cached_functions(pattern: str = "*") -> list[CachedFunction[Any, Any]]:
    """Those whose name matches a pattern like `analytics.*`, in the order of their names."""
    names = sorted(fnmatch.filter(_functions, pattern))
    return [_functions[name] for name in names]


def invalidate_cache(pattern: str) -> list[str]:
    """Make stale whatever the functions of a name pattern returned. Returns their names.

    Raises InvalidInputError where no function matches, UnavailableError without Redis.
    """
    matching = cached_functions(pattern)
    if not matching:
        raise InvalidInputError(f"No cached function matches {pattern!r}.")
    tag_versions.bump(*(function.tag for function in matching))
    return [function.name for function in matching]
