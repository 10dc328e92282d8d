"""Ways in which the numbers of a form in Redis are made wrong by hand, and how to look at them."""

from analytics import aggregator
from analytics.keys import FormKeys
from analytics.subscribers import count_responses
from formplatform.core import clock
from formplatform.core.connections import numbers


def tell(world, events):
    """Count events and sign them off, as the outbox does."""
    count_responses(events)
    revisions = {each.response_id: each.revision for each in events}
    world.store.mark_dispatched(revisions, at=clock.now())


def key(world, suffix):
    return f"form:{{{world.form_id}}}:{suffix}"


def some_day(world):
    return min(aggregator.current().days(world.form_id).items())


def fingerprint(form_id):
    """Everything that is kept of a form."""
    found = {}
    for name in numbers().scan_iter(f"form:{{{form_id}}}:*"):
        kind = numbers().type(name)
        found[name] = numbers().hgetall(name) if kind == b"hash" else numbers().get(name)
    return found


def without_times(found):
    """The same without when it was verified."""
    return {name: value for name, value in found.items() if not name.endswith(b":verified")}


def corrupt_total(world):
    numbers().hincrby(key(world, "stats"), "total_responses", 5)


def corrupt_day(world):
    numbers().hincrby(key(world, "timeseries:day"), some_day(world)[0], -1)


def corrupt_hash(world):
    numbers().hincrby(key(world, "hashes"), f"{some_day(world)[0]}:0", 1)


def corrupt_high_limb(world):
    numbers().hincrby(key(world, "hashes"), f"{some_day(world)[0]}:1", -7)


def corrupt_quarter_hour(world):
    numbers().hincrby(key(world, f"timeseries:quarter_hour:{some_day(world)[0]}"), "5", 1)


def lose_quarter_hours(world):
    numbers().delete(key(world, f"timeseries:quarter_hour:{some_day(world)[0]}"))


def corrupt_hash_of_all(world):
    numbers().hincrby(key(world, "stats"), "hash:0", 1)


def corrupt_answered(world):
    numbers().hincrby(key(world, "fields"), "age", 2)


def corrupt_distribution(world):
    numbers().hincrby(key(world, "field:department:dist"), "it", 1)


def lose_distribution(world):
    numbers().delete(key(world, "field:department:dist"))


def corrupt_sum(world):
    numbers().hincrby(key(world, "field:amount:numbers"), "sum:0", 1)


def corrupt_sketch(world):
    numbers().hincrby(key(world, "field:amount:numbers"), "p:21", 1)


def corrupt_balance(world):
    numbers().hincrby(key(world, "stats"), "balance", 1)


def move_between_options(world):
    numbers().hincrby(key(world, "field:department:dist"), "it", 1)
    numbers().hincrby(key(world, "field:department:dist"), "hr", -1)


def move_between_quarter_hours(world):
    name = key(world, f"timeseries:quarter_hour:{some_day(world)[0]}")
    numbers().hincrby(name, "5", 1)
    numbers().hincrby(name, "6", -1)


def corrupt_extreme(world):
    numbers().hset(key(world, "field:age:numbers"), "max", "4444")


def corrupt_sessions(world):
    numbers().hincrby(key(world, "sessions"), "started", 1)


def some_day_of_sessions(world):
    (day,) = numbers().hkeys(key(world, "sessions:day"))
    return day.decode()


def corrupt_sessions_of_a_day(world):
    numbers().hincrby(key(world, f"sessions:day:{some_day_of_sessions(world)}"), "submitted", 1)


def corrupt_days_of_sessions(world):
    numbers().hincrby(key(world, "sessions:day"), some_day_of_sessions(world), -1)


def lose_quarters_of_sessions(world):
    numbers().delete(key(world, f"sessions:quarter_hour:{some_day_of_sessions(world)}"))


def corrupt_sessions_of_a_quarter_hour(world):
    quarters = key(world, f"sessions:quarter_hour:{some_day_of_sessions(world)}")
    (number,) = numbers().hkeys(quarters)
    numbers().hincrby(f"{quarters}:{number.decode()}", "started", 1)


def forget_a_session(world):
    (name,) = numbers().scan_iter(key(world, "applied:0:s*"))
    (session_id,) = numbers().hkeys(name)
    numbers().hdel(name, session_id)


def some_bucket(world):
    response = world.live()[0]
    name = FormKeys(world.form_id).applied(0, response.id)
    return name, bytes.fromhex(response.id)


def corrupt_applied(world):
    numbers().hset(*some_bucket(world), 9)


def forget_applied(world):
    numbers().hdel(*some_bucket(world))


OF_DAYS = [
    (corrupt_day, {"counted": -1, "quarter_hours_differ": True}),
    (corrupt_hash, {"hash_differs": True}),
    (corrupt_high_limb, {"hash_differs": True}),
    (corrupt_quarter_hour, {"quarter_hours_differ": True}),
    (lose_quarter_hours, {"quarter_hours_differ": True}),
]
OF_TOTALS = [corrupt_total, corrupt_hash_of_all]
OF_DAYS_OF_SESSIONS = [
    corrupt_sessions_of_a_day,
    corrupt_days_of_sessions,
    lose_quarters_of_sessions,
]
OF_SUMS = [corrupt_answered, corrupt_distribution, lose_distribution]
OF_SUMS += [corrupt_sum, corrupt_sketch, corrupt_balance, corrupt_sessions]
HIDDEN = [move_between_options, move_between_quarter_hours, corrupt_extreme]
HIDDEN += [corrupt_applied, forget_applied, forget_a_session, corrupt_sessions_of_a_quarter_hour]
EVERY = [corrupt for corrupt, _ in OF_DAYS]
EVERY += OF_TOTALS + OF_DAYS_OF_SESSIONS + OF_SUMS + HIDDEN
