"""`bench sessions`: counting a form's sessions anew, in groups against one call a session.

The peer is our own way of before, a call for each session, on the same Redis and the same store.
Both take turns and each shows its median round, reading from the store included; read the ratio.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.benchmarks.bench_cache import valkey

SESSIONS = 20_000
ROUNDS = 5
PEER, GROUPED = "one call a session (the peer)", "in groups of 1,000 (a rebuild)"
QUESTIONS, A_PAGE = 12, 3
START = datetime(2026, 1, 1, tzinfo=UTC)


def sessions(form_id: str) -> Iterator[Any]:
    """Four in five start and go from page to page, three in five submit."""
    from formplatform.forms.domain import Session
    from formplatform.forms.ids import new_id

    rng, moment = random.Random(1), START
    for _ in range(SESSIONS):
        moment += timedelta(seconds=rng.expovariate(1 / 30))
        far = rng.choice([0, rng.randrange(1, QUESTIONS), *[QUESTIONS] * 3])
        times = [moment + timedelta(seconds=rng.randrange(3, 300)) for _ in range(far)]
        yield Session(
            id=new_id(),
            form_id=form_id,
            viewed_at=moment,
            started_at=min(times, default=None),
            pages={f"Page {n // A_PAGE}": times[n] for n in range(0, far, A_PAGE)},
            answered={f"f{n}": each for n, each in enumerate(times)},
            submitted_at=max(times) if far == QUESTIONS else None,
            updated_at=moment,
        )


def prepare() -> str:
    from django.core.management import call_command

    from formplatform.forms.ids import new_id
    from formplatform.forms.storage.registry import get_store
    from formplatform.forms.storage.sql.records import SESSIONS as TABLE
    from tests.factories.forms import FormVersionFactory

    call_command("migrate", verbosity=0)
    form_id = new_id()
    fields = [
        {"id": f"f{n}", "type": "text", "label": "Question", "page": f"Page {n // A_PAGE}"}
        for n in range(QUESTIONS)
    ]
    version = FormVersionFactory(form_id=form_id, number=1, definition={"fields": fields})
    get_store().insert_version(version)
    TABLE.insert([*sessions(form_id)])
    return form_id


def rates(form_id: str) -> dict[str, float]:
    """Sessions a second in each variant's median round."""
    from analytics import session_counting
    from analytics.rebuild import rebuild

    sizes = {PEER: 1, GROUPED: session_counting.SHADOW_GROUP}
    found: dict[str, list[float]] = {name: [] for name in sizes}
    for _ in range(ROUNDS):
        for name, size in sizes.items():
            session_counting.SHADOW_GROUP = size
            started = time.perf_counter()
            if rebuild(form_id).sessions != SESSIONS:
                raise AssertionError("the numbers are wrong")
            found[name].append(SESSIONS / (time.perf_counter() - started))
    return {name: statistics.median(each) for name, each in found.items()}


def known_bytes(form_id: str) -> float:
    """Bytes of Redis to know a session by."""
    from formplatform.core.connections import numbers

    client = numbers()
    marks = client.scan_iter(f"form:{{{form_id}}}:applied:*:s*", count=5000)
    return sum(client.memory_usage(key) or 0 for key in marks) / SESSIONS


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.test")
    with tempfile.TemporaryDirectory(prefix="fp-bench-") as directory:
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/forms.sqlite3"
        import django

        django.setup()
        with valkey():
            form_id = prepare()
            found = rates(form_id)
            size = known_bytes(form_id)
    for name, rate in found.items():
        print(f"{name:40} {rate:>9,.0f} /s {rate / found[PEER]:>7.1f}x")
    print(f"\nMemory to know a session by {size:>23.1f} bytes")


if __name__ == "__main__":
    main()
