"""`bench aggregator`: counting a response against the customer's own class, on the same Redis.

The customer's class stands below as its guide prints it, but for the time, which is passed in so
that both count the same. Both see the same responses: eight answered fields, one of them personal.
All take turns, round by round, and each shows its median round; read the ratios. Ours includes
working out what a response adds; of what may wait, each round ends with it being taken. A whole
rebuild also reads the responses from the form store.
"""

import gc
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.benchmarks.bench_cache import valkey

Made = tuple[str, datetime, dict[str, Any]]
ROUNDS = 15
PEER, SINGLE, AGAIN = "the customer's class (the peer)", "one call a response", "counted before"
APART = "one call a response, 500 in a pipeline"
PIPELINED, REBUILD = "in groups of 500 (a worker's batch)", "in groups of 1,000 (a rebuild)"
A_ROUND = {PEER: 100, SINGLE: 300, AGAIN: 300, APART: 1000, PIPELINED: 2000, REBUILD: 4000}
"""Responses of one round of each."""
KNOWN = 100_000
"""Responses whose revisions are weighed."""
RESPONSES = ROUNDS * max(A_ROUND.values())
TARGETS = {SINGLE: 8, PIPELINED: 40, REBUILD: 150}
MOST_BYTES = 30
DEFINITION = {
    "fields": [
        {"id": "department", "type": "choice", "options": ["IT", "HR", "Sales", "Finance"]},
        {"id": "status", "type": "choice", "options": ["new", "approved", "rejected"]},
        {"id": "tags", "type": "multi_choice", "options": ["a", "b", "c", "d", "e", "f"]},
        {"id": "rating", "type": "rating"},
        {"id": "amount", "type": "number"},
        {"id": "age", "type": "integer"},
        {"id": "comment", "type": "long_text"},
        {"id": "email", "type": "email", "pii": True},
    ]
}


class CustomersAggregator:
    """The class of the guide, section 4.1, with the moment as an argument."""

    def __init__(self, redis_client: Any) -> None:
        self.redis = redis_client

    def on_response_submitted(self, form_id: str, response_data: dict, now: datetime) -> None:
        self.redis.hincrby(f"form:{form_id}:stats", "total_responses", 1)
        today = now.date().isoformat()
        self.redis.hincrby(f"form:{form_id}:stats", f"submissions:{today}", 1)
        self._update_timeseries(form_id, now)
        for field_name, value in response_data.items():
            self._update_field_distribution(form_id, field_name, value)

    def _update_timeseries(self, form_id: str, timestamp: datetime) -> None:
        score = timestamp.timestamp()
        hour_key = f"form:{form_id}:timeseries:hour"
        self.redis.zadd(hour_key, {timestamp.isoformat(): score})
        cutoff = (timestamp - timedelta(hours=24)).timestamp()
        self.redis.zremrangebyscore(hour_key, 0, cutoff)
        day_key = f"form:{form_id}:timeseries:day"
        day_timestamp = timestamp.replace(hour=0, minute=0, second=0)
        self.redis.zincrby(day_key, 1, day_timestamp.isoformat())
        cutoff = (timestamp - timedelta(days=30)).timestamp()
        self.redis.zremrangebyscore(day_key, 0, cutoff)
        month_key = f"form:{form_id}:timeseries:month"
        month_timestamp = timestamp.replace(day=1, hour=0, minute=0, second=0)
        self.redis.zincrby(month_key, 1, month_timestamp.isoformat())
        cutoff = (timestamp - timedelta(days=365)).timestamp()
        self.redis.zremrangebyscore(month_key, 0, cutoff)

    def _update_field_distribution(self, form_id: str, field_name: str, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, dict | list):
            value_str = json.dumps(value, sort_keys=True)
        else:
            value_str = str(value)
        self.redis.hincrby(f"form:{form_id}:field:{field_name}:dist", value_str, 1)


def answers(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "department": rng.choice(["it", "hr", "sales", "finance"]),
        "status": rng.choice(["new", "approved", "rejected"]),
        "tags": sorted(rng.sample("abcdef", rng.randrange(1, 4))),
        "rating": rng.randrange(1, 6),
        "amount": round(rng.lognormvariate(4, 1), 2),
        "age": rng.randrange(16, 90),
        "comment": f"Comment {number}: " + "word " * rng.randrange(3, 20),
        "email": f"person{number}@example.org",
    }


def responses() -> list[Made]:
    from formplatform.forms.ids import new_id

    rng = random.Random(1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        (new_id(), start + timedelta(seconds=rng.randrange(30 * 86_400)), answers(rng, number))
        for number in range(RESPONSES)
    ]


def median_rates(variants: dict[str, Callable[[list[Made]], object]]) -> dict[str, float]:
    """Responses a second in each variant's median round."""
    made, rates = responses(), {name: [] for name in variants}
    gc.freeze()  # no worker holds so many responses, which every collection would go through
    for number in range(ROUNDS):
        for name, count in variants.items():
            size = A_ROUND[name]
            some = made[number * size : (number + 1) * size]
            started = time.perf_counter()
            count(some)
            rates[name].append(size / (time.perf_counter() - started))
    return {name: statistics.median(found) for name, found in rates.items()}


def figures() -> dict[str, dict[str, float]]:
    """Responses a second of each variant, and bytes to know a response by, by how ids come."""
    from analytics.aggregator import FormAggregator
    from formplatform.core.connections import numbers
    from formplatform.forms.ids import new_id

    client = numbers()
    client.flushall()
    forms = {name: new_id() for name in (SINGLE, APART, PIPELINED, REBUILD)}
    rates = median_rates(variants(client, forms))
    for name, form_id in forms.items():
        expect(FormAggregator(client).find_total(form_id) == A_ROUND[name] * ROUNDS)
    ids = [new_id() for _ in range(8 * KNOWN)]
    sizes = {
        "ids in a row": known_bytes(client, ids[:KNOWN]),
        "every eighth id (eight forms at once)": known_bytes(client, ids[::8]),
    }
    return {"rates": rates, "bytes": sizes}


def known_bytes(client: Any, ids: list[str]) -> float:
    from analytics.aggregator import FormAggregator
    from analytics.numbers.moves import Move
    from formplatform.forms.ids import new_id

    ours, form_id = FormAggregator(client), new_id()
    for first in range(0, len(ids), 1000):
        claims = [(identifier, 0, 1) for identifier in ids[first : first + 1000]]
        ours.apply([Move(form_id=form_id, claims=claims, steps="")])
    seen = client.scan_iter(f"form:{{{form_id}}}:applied:*", count=5000)
    return sum(client.memory_usage(key) or 0 for key in seen) / len(ids)


def variants(client: Any, forms: dict[str, str]) -> dict[str, Callable[[list[Made]], None]]:
    from analytics import counting
    from analytics.aggregator import FormAggregator
    from analytics.numbers.server_functions import Status

    ours, theirs = FormAggregator(client), CustomersAggregator(client)
    moves = {name: mover(form_id) for name, form_id in forms.items()}

    def count_theirs(some: list[Made]) -> None:
        for _, moment, data in some:
            theirs.on_response_submitted("customer", data, moment)

    def count_singly(some: list[Made]) -> None:
        one_by_one(ours, moves[SINGLE], Status.APPLIED)(some)
        ours.find_total(forms[SINGLE])  # takes what waits

    def count_apart(some: list[Made]) -> None:
        ours.apply(moves[APART]([each]) for each in some)
        ours.find_total(forms[APART])

    def grouped(name: str, size: int) -> Callable[[list[Made]], None]:
        def count(some: list[Made]) -> None:
            groups = [some[first : first + size] for first in range(0, len(some), size)]
            ours.apply(moves[name](group) for group in groups)

        return count

    return {
        PEER: count_theirs,
        SINGLE: count_singly,
        AGAIN: one_by_one(ours, moves[SINGLE], Status.REFUSED),
        APART: count_apart,
        PIPELINED: grouped(PIPELINED, counting.GROUP),
        REBUILD: grouped(REBUILD, counting.SHADOW_GROUP),
    }


def one_by_one(ours: Any, move: Callable[[list[Made]], Any], status: Any) -> Callable[..., None]:
    def count(some: list[Made]) -> None:
        for each in some:
            expect(ours.apply([move([each])])[0].status is status)

    return count


def mover(form_id: str) -> Callable[[list[Made]], Any]:
    from analytics.fields.form_fields import fields_of_definition
    from analytics.numbers.moves import make_move
    from formplatform.forms.schema.definition import parse_definition

    fields = fields_of_definition(parse_definition(DEFINITION))

    def move(group: list[Made]) -> Any:
        entries = [(identifier, 1, moment, data) for identifier, moment, data in group]
        claims = [(identifier, 0, 1) for identifier, _, _ in group]
        return make_move(form_id, claims, {}, {fields: entries})

    return move


def expect(true: bool) -> None:
    if not true:
        raise AssertionError("the numbers are wrong")


def report(rates: dict[str, float], sizes: dict[str, float]) -> None:
    for name, found in rates.items():
        target = f"  (at least {TARGETS[name]}x)" if name in TARGETS else ""
        print(f"{name:40} {found:>9,.0f} /s {found / rates[PEER]:>7.1f}x{target}")
    print(f"\nMemory to know a response by (at most {MOST_BYTES} bytes)")
    for name, size in sizes.items():
        print(f"{name:40} {size:>9.1f} bytes")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.test")
    import django

    django.setup()
    with valkey():
        found = figures()
    report(found["rates"], found["bytes"])


if __name__ == "__main__":
    main()
