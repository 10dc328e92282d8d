"""What must hold once everything is settled: the receivers' ledger against the platform's rows."""

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable

from tests.fakes.crowd import Row
from tests.soak.world import HOOKS, World

Facts = dict[str, tuple[object, object]]


def facts_of(world: World) -> Facts:
    came = rows_by_hook(world)
    return {
        **whether_all_arrived(world, came),
        **whether_as_sent(world, came),
        **whether_in_order(world, came),
        **whether_settled(world),
        **whether_given_up_rightly(world),
    }


def rows_by_hook(world: World) -> dict[str, list[Row]]:
    came: dict[str, list[Row]] = defaultdict(list)
    with world.ledger.open() as lines:
        for line in lines:
            row = Row(*json.loads(line))
            came[row.name].append(row)
    print(f"{'receptions':34}{sum(map(len, came.values())):>10,}")
    again = sum(len(rows) - len({row.id for row in rows}) for rows in came.values())
    print(f"{'of them again':34}{again:>10,}")
    return came


def whether_all_arrived(world: World, came: dict[str, list[Row]]) -> Facts:
    facts: Facts = {}
    for hook in HOOKS:
        if hook.reasons is None:
            accepted = {row.id for row in came[hook.name] if row.status == 200}
            expected = world.expected(hook)
            facts[f"{hook.name}: ids received"] = (len(accepted & expected), len(expected))
    strangers = sum(
        row.id not in world.expected(hook) for hook in HOOKS for row in came[hook.name][:1000]
    )
    return facts | {"receptions nobody asked for": (strangers, 0)}


def whether_as_sent(world: World, came: dict[str, list[Row]]) -> Facts:
    """The same bytes each time, those that were rendered once, and every signature genuine."""
    from integrations.webhooks.models import Payload

    stored = {
        event_id: hashlib.sha256(bytes(body)).hexdigest()
        for event_id, body in Payload.objects.values_list("event_id", "body").iterator()
    }
    every = [row for rows in came.values() for row in rows]
    return {
        "receptions of other bytes": (sum(row.digest != stored[row.id] for row in every), 0),
        "signatures that do not verify": (sum(not row.is_genuine for row in every), 0),
        "ids under two numbers": (
            len({(row.name, row.id, row.seq) for row in every})
            - len({(row.name, row.id) for row in every}),
            0,
        ),
    }


def whether_in_order(world: World, came: dict[str, list[Row]]) -> Facts:
    from integrations.webhooks.models import Delivery

    facts: Facts = {}
    for hook in HOOKS:
        if hook.ordering == "none":
            continue
        rows = Delivery.objects.filter(webhook=world.ids[hook.name])
        keys = dict(rows.values_list("seq", "key")) if hook.ordering == "key" else {}
        by_key: dict[str, list[int]] = defaultdict(list)
        for seq in firsts(came[hook.name]):
            by_key[keys.get(seq, "")].append(seq)
        overtaken = sum(
            later < earlier
            for order in by_key.values()
            for earlier, later in itertools.pairwise(order)
        )
        facts[f"{hook.name}: overtaken"] = (overtaken, 0)
    return facts


def firsts(rows: Iterable[Row]) -> list[int]:
    """Numbers in the order in which each came for the first time."""
    return list(dict.fromkeys(row.seq for row in sorted(rows, key=lambda row: row.at)))


def whether_settled(world: World) -> Facts:
    from django.db.models import Count, Max

    from integrations.webhooks.lane_models import Lane
    from integrations.webhooks.models import Attempt, Delivery
    from integrations.webhooks.queue import lanes

    numbered = (
        Delivery.objects.order_by().values("webhook").annotate(count=Count("pk"), last=Max("seq"))
    )
    gaps = sum(row["last"] - row["count"] for row in numbered)
    ahead = sum(
        lane.next_seq - 1 - row["last"]
        for row in numbered
        for lane in [Lane.objects.get(pk=row["webhook"])]
    )
    unfinished = Delivery.objects.filter(due_at__isnull=False)
    return {
        "numbers left out": (gaps + ahead, 0),
        "messages that are unfinished": (unfinished.count(), 0),
        "messages still sending": (Delivery.objects.filter(status="sending").count(), 0),
        "attempts still open": (Attempt.objects.filter(outcome="sending").count(), 0),
        "leases that never end": (Lane.objects.filter(lease__isnull=False).count(), 0),
        "lanes due with nothing to do": (Lane.objects.filter(due_at__isnull=False).count(), 0),
        "lanes the sweeper wakes": (lanes.sweep(), 0),
    }


def whether_given_up_rightly(world: World) -> Facts:
    from integrations.webhooks.models import Delivery, Omission

    facts: Facts = {}
    for hook in HOOKS:
        rows = Delivery.objects.filter(webhook=world.ids[hook.name])
        expected = len(world.expected(hook))
        delivered = rows.filter(status="delivered").count()
        if hook.reasons is None:
            facts[f"{hook.name}: delivered"] = (delivered, expected)
            continue
        buried = rows.filter(status="dead", dead_reason__in=hook.reasons).count()
        omitted = Omission.objects.filter(webhook=world.ids[hook.name], reason="disabled").count()
        if "disabled" not in hook.reasons:
            omitted = 0
        facts[f"{hook.name}: given up"] = (buried + omitted, expected)
        (reason, *_) = sorted(hook.reasons - {"disabled"})
        has_some = rows.filter(dead_reason=reason).exists()
        facts[f"{hook.name}: some as {reason}"] = (has_some, True)
    return facts
