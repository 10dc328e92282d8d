"""Every event reaches every endpoint that can be reached, whoever dies on the way.

Thousands of events, each enqueued at least twice, go to twenty endpoints: healthy, ordered, rate
limited, slow, flapping, hanging, redirecting, gone, flooding and worse. Meanwhile couriers, a
worker, those who enqueue, the broker and the connections to the database are killed or held up at
random. What receivers wrote down is then held against what the platform says. DATABASE_URL may name
a PostgreSQL server, which gets a database of its own; else it is SQLite. --events, --misfortunes
and --seed.
"""

import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from boot import progress
from tests.soak.options import embedded_stores, own_database, read_options

COURIERS = 3
ENQUEUERS = 2
PATIENCE_SECONDS = 900.0
MOST_GROWTH_BYTES = 48 * 1024**2


def main() -> int:
    options = read_options(__doc__, events=20_000, misfortunes=60, seed=1)
    given = os.environ.get("DATABASE_URL", "")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with tempfile.TemporaryDirectory(prefix="fp-soak-") as directory, own_database(given) as url:
        os.environ.update(
            embedded_stores(directory)
            | {"DATABASE_URL": url, "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
            | {"WEBHOOK_TIMEOUT": "1", "OUTBOUND_CA_FILE": f"{directory}/authority.pem"}
        )
        from tests.fakes.certificates import Authority

        Authority(Path(directory)).serve_as("127.0.0.1")
        import django

        django.setup()
        return soak(Path(directory), options.events, options.misfortunes, options.seed)


def soak(directory: Path, events: int, misfortunes: int, seed: int) -> int:
    from django.db import connection

    from formplatform.core.embedded import ensure_stores
    from formplatform.core.preparation import prepare
    from tests.soak.world import World

    ensure_stores()
    prepare()
    print(f"{events:,} events, {connection.vendor}, seed {seed}")
    started = time.monotonic()
    with World(directory, seed) as world:
        progress("making responses")
        world.make_events(events)
        facts = run(world, misfortunes, random.Random(seed))
    for name, (found, expected) in facts.items():
        verdict = "ok" if found == expected else "WRONG"
        print(f"{name:44}{found!s:>12}  expected {expected!s:>12}  {verdict}")
    print(f"{'in all':34}{time.monotonic() - started:>10.0f} s")
    return 0 if all(found == expected for found, expected in facts.values()) else 1


def run(world, misfortunes: int, rng: random.Random) -> dict[str, tuple[object, object]]:
    from tests.soak.chaos import Chaos, Fleet
    from tests.soak.verdicts import facts_of
    from tests.soak.workers import Workers

    enqueuers = Workers(ENQUEUERS, rng, [sys.executable, "-m", "tests.fakes.enqueuing_worker"])
    fleet = Fleet(COURIERS, world.directory)
    chaos = Chaos(
        fleet,
        misfortunes=misfortunes,
        rng=rng,
        kill_enqueuer=enqueuers.kill_one,
        share_arrived=world.share_arrived,
    )
    started = time.monotonic()
    with ended(fleet):
        chaos.start()
        for batch in world.batches():
            enqueuers.deliver(batch)
            progress(f"{chaos.left} misfortunes to come; enqueuing")
        enqueuers.finish()
        print(f"{'enqueued after':34}{time.monotonic() - started:>10.0f} s")
        settle(world, chaos)
        print(f"{'settled after':34}{time.monotonic() - started:>10.0f} s")
    for name, count in sorted((chaos.counts + enqueuers.counts).items()):
        print(f"{name:34}{count:>10,}")
    grown = fleet.most_growth
    print(f"{'a courier grew by at most':34}{grown / 1024**2:>10.1f} MB")
    return {
        "misfortunes left": (chaos.left, 0),
        "couriers that ended by themselves": (len(fleet.ended_by_themselves), 0),
        "memory of couriers": ("flat" if grown < MOST_GROWTH_BYTES else "grows", "flat"),
        **facts_of(world),
    }


@contextlib.contextmanager
def ended(fleet) -> Iterator[None]:
    try:
        yield
    finally:
        fleet.stop()


def settle(world, chaos) -> None:
    """Until healthy endpoints have everything; then a person switches the others off."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        left = world.unfinished()
        progress(
            f"{chaos.left} misfortunes to come, waiting: "
            + ", ".join(f"{count} {name}" for name, count in left.items())
        )
        healthy = any(count for name, count in left.items() if world.is_healthy(name))
        if not healthy and not chaos.is_alive() and world.has_given_up_some():
            break
        time.sleep(0.5)
    world.switch_off_the_unhealthy()
    while any(world.unfinished().values()) and time.monotonic() < deadline:
        time.sleep(0.2)
    progress("")


if __name__ == "__main__":
    sys.exit(main())
