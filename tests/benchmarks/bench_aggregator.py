"""`bench aggregator`: counting a response against the customer's own class, on the same Redis.

The customer's class stands below as its guide prints it, but for the time, which is passed in so
that both count the same. Both see the same responses: eight answered fields, one of them personal.
Single calls take turns in batches and each shows its best one; read the ratios.
"""

import json
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.benchmarks.bench_cache import valkey

Made = tuple[str, datetime, dict[str, Any]]
RESPONSES = 12_000
BATCH = 200
ROUNDS = 12
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


def best_rates(variants: dict[str, Callable[[int, int], object]]) -> dict[str, float]:
    """Responses a second in each variant's best batch."""
    found = dict.fromkeys(variants, 0.0)
    for round_number in range(ROUNDS):
        first = round_number * BATCH
        for name, count in variants.items():
            started = time.perf_counter()
            count(first, first + BATCH)
            found[name] = max(found[name], BATCH / (time.perf_counter() - started))
    return found


def rate(count: Callable[[], object], size: int) -> float:
    started = time.perf_counter()
    count()
    return size / (time.perf_counter() - started)


def measure() -> None:
    from formplatform.core.connections import numbers
    from formplatform.forms.ids import new_id

    client = numbers()
    client.flushall()
    made = responses()
    single, grouped = new_id(), new_id()
    rates = best_rates(variants(client, single, made))
    count = grouped_counter(client, grouped, made)
    rates["ours, groups of 250 (a busy worker, a rebuild)"] = rate(count, RESPONSES)
    report(rates)
    seen = client.scan_iter(f"form:{{{grouped}}}:applied:*", count=5000)
    ids = sum(client.memory_usage(key) or 0 for key in seen) / RESPONSES
    print(f"\nMemory to know each response by: {ids:.1f} bytes")
    for name, pattern in {"the customer's": "customer", "ours": f"{{{single}}}"}.items():
        keys = client.scan_iter(f"form:{pattern}:*", count=5000)
        size = sum(client.memory_usage(key, samples=0) or 0 for key in keys)
        print(f"Memory after {ROUNDS * BATCH} responses, {name}: {size / 1024:,.0f} KiB")


def variants(client: Any, form_id: str, made: list[Made]) -> dict[str, Callable[[int, int], None]]:
    from analytics.aggregator import FormAggregator, Status

    ours, theirs = FormAggregator(client), CustomersAggregator(client)
    move = mover(form_id)

    def count_theirs(first: int, last: int) -> None:
        for _, moment, data in made[first:last]:
            theirs.on_response_submitted("customer", data, moment)

    def count_ours(first: int, last: int) -> None:
        for response in made[first:last]:
            expect(ours.apply([move([response])])[0].status is Status.APPLIED)

    def replay_ours(first: int, last: int) -> None:
        for response in made[first:last]:
            expect(ours.apply([move([response])])[0].status is Status.REFUSED)

    return {
        "the customer's class (the peer)": count_theirs,
        "ours, one call a response": count_ours,
        "ours, a response counted before": replay_ours,
    }


def grouped_counter(client: Any, form_id: str, made: list[Made]) -> Callable[[], None]:
    from analytics.aggregator import FormAggregator
    from analytics.counting import GROUP

    ours, move = FormAggregator(client), mover(form_id)

    def count() -> None:
        for first in range(0, RESPONSES, GROUP):
            ours.apply([move(made[first : first + GROUP])])
        expect(ours.get_metrics(form_id)["total_responses"] == RESPONSES)

    return count


def mover(form_id: str) -> Callable[[list[Made]], Any]:
    from analytics.aggregator import Claim, Move
    from analytics.contributions import NOTHING, contribution_of, difference
    from analytics.form_fields import fields_of_definition
    from formplatform.forms.schema.definition import parse_definition

    fields = fields_of_definition(parse_definition(DEFINITION))

    def move(group: list[Made]) -> Move:
        return Move(
            form_id=form_id,
            claims=[Claim(response_id, 0, 1) for response_id, _, _ in group],
            steps=difference(
                (NOTHING, contribution_of(data, submitted_at=moment, fields=fields))
                for _, moment, data in group
            ),
        )

    return move


def expect(true: bool) -> None:
    if not true:
        raise AssertionError("the numbers are wrong")


def report(rates: dict[str, float]) -> None:
    peer = rates["the customer's class (the peer)"]
    for name, found in rates.items():
        print(f"{name:48} {found:>9,.0f} /s {found / peer:>7.1f}x")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.test")
    import django

    django.setup()
    with valkey():
        measure()


if __name__ == "__main__":
    main()
