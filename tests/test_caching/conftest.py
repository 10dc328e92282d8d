import contextlib
import uuid
from functools import partial

import pytest

from caching import decorators, redis_client, tiers
from caching.decorators import cached
from tests.redis_away import KINDS, away


@pytest.fixture(autouse=True)
def fresh_cache(monkeypatch):
    """Every test has a first tier of its own, and its cached functions leave with it."""
    monkeypatch.setattr(decorators, "_functions", dict(decorators._functions))
    tiers.default_tiers.cache_clear()
    yield
    tiers.default_tiers.cache_clear()


@pytest.fixture
def counted():
    """A cached function that counts its runs; options go to `cached`."""

    def make(result=lambda *args: list(args), **options):
        runs = []

        @cached(key_prefix=f"tests.{uuid.uuid4().hex[:8]}", **options)
        def function(*args):
            runs.append(args)
            return result(*args)

        function.runs = runs
        return function

    return make


@pytest.fixture
def other_process():
    """The cache as another process sees it: another first tier, the same Redis."""

    @contextlib.contextmanager
    def switch():
        mine = tiers.default_tiers()
        tiers.default_tiers.cache_clear()
        theirs = tiers.default_tiers()
        assert theirs is not mine
        yield
        tiers.default_tiers.cache_clear()

    return switch


@pytest.fixture(params=KINDS)
def redis_down(request):
    """Redis is away for the length of a block."""
    return partial(away, request.param)


@pytest.fixture
def client_of_redis():
    return redis_client.shared_client()
