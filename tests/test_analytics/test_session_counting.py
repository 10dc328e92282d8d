"""Sessions are counted exactly once: late, twice, backwards, with responses deleted, rebuilt."""

import contextlib
import math
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from redis.exceptions import ConnectionError as RedisConnectionError

from analytics import aggregator
from analytics.contributions.sketches import ACCURACY
from analytics.contributions.trails import Step, Trail, trail_of
from analytics.numbers import marks
from analytics.numbers.marks import decode, encode
from analytics.numbers.server_functions import Status
from analytics.numbers.session_numbers import SessionClaim, SessionMove
from analytics.proving.verification import verify
from analytics.rebuild import rebuild
from analytics.subscribers import count_sessions
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.core.errors import UnavailableError
from formplatform.forms.ids import new_id
from tests.test_analytics.servers import cluster
from tests.test_analytics.session_world import FIELDS, START, SessionWorld, advanced, began, recount
from tests.test_analytics.test_counting import deliver_at_random

SECOND = timedelta(seconds=1)
ZONES = ["UTC", "Europe/Paris", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"]


@pytest.fixture
def world(form_store):
    return SessionWorld(new_id(), form_store)


def counts_of(world, **span):
    found = aggregator.current().sessions.read_span(
        world.form_id, ZoneInfo("UTC"), **{"since": None, "until": None, **span}
    )
    assert found.coarse_before is None
    times = {name: n for name, n in found.counts.items() if name.startswith("t:")}
    return Counter({name: found.counts[name] for name in found.counts - Counter(times)}), times


def assert_exact(world):
    """The numbers are what a recount says: of all, of each day, of random spans in any zone."""
    live = world.live()
    expected, times = recount(live)
    counts, buckets = counts_of(world)
    assert counts == expected
    assert sum(buckets.values()) == len(times)
    took = aggregator.current().get_metrics(world.form_id)["time_to_complete"]
    for name, p in (("median", 0.5), ("p90", 0.9)):
        true = times[math.floor(p * (len(times) - 1))]
        assert took[name] == pytest.approx(true, rel=ACCURACY + 1e-9)
    for _ in range(12):
        zone = ZoneInfo(world.random.choice(ZONES))
        day = START.astimezone(zone).replace(hour=0, minute=0, tzinfo=zone)
        since = day + timedelta(days=world.random.randrange(-1, 3))
        until = since + timedelta(hours=world.random.choice([0, 1, 24, 25, 48]))
        inside = [session for session in live if since <= floor(began(session)) < until]
        assert counts_of(world, since=since, until=until)[0] == recount(inside)[0]


def differing(world):
    """The keys of sessions that a recount comes out otherwise; responses are not counted here."""
    found = verify(world.form_id, deep=True).keys
    return [each.key for each in found if each.key.startswith(("sessions", "applied:s"))]


def floor(moment):
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def kept(form_id):
    """Every key of the numbers and its counters that are not zero."""
    root = f"form:{{{form_id}}}:"
    found = {}
    for key in numbers().scan_iter(f"{root}sessions*"):
        stored = {name: int(count) for name, count in numbers().hgetall(key).items() if int(count)}
        if stored:
            found[key.decode().removeprefix(root)] = stored, numbers().expiretime(key)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_any_steps_delivered_anyhow_come_to_an_exact_recount_and_a_rebuild_to_the_same(world, seed):
    rng = world.random = random.Random(seed)
    for _ in range(5):
        for _ in range(60):
            world.act()
        told = [event for event in world.events if rng.random() < 0.6]
        deliver_at_random(told, rng, count_sessions)
    deliver_at_random(world.events, rng, count_sessions)
    assert_exact(world)
    assert differing(world) == []
    before = kept(world.form_id)
    rebuild(world.form_id)
    assert kept(world.form_id) == before
    deliver_at_random(world.events, rng, count_sessions)
    assert kept(world.form_id) == before


@pytest.mark.processes
def test_many_sessions_are_counted_by_one_call(world, server, count_in):
    count_in(server.client())
    for number in range(1_100):
        world.merge(new_id(), viewed_at=START + number * SECOND)
    rebuild(world.form_id)  # the functions are loaded
    server.client().config_resetstat()
    assert rebuild(world.form_id).sessions == 1_100
    assert calls_of_functions(server.client()) == 3, "two groups, then the flip"
    count_sessions(world.events[:200])
    assert calls_of_functions(server.client()) == 5, "another generation; then all are counted"
    assert counts_of(world) == (Counter({"viewed": 1_100}), {})


def calls_of_functions(client):
    found = client.info("commandstats")
    return sum(each["calls"] for name, each in found.items() if name in RUNNING)


RUNNING = ("cmdstat_fcall", "cmdstat_evalsha")


def test_a_group_is_counted_whole_or_not_at_all(world):
    first, second = (world.merge(new_id(), viewed_at=START) for _ in range(2))
    count_sessions(world.events[:1])
    before, step = kept(world.form_id), Step("sessions", {"viewed": 2})
    claims = [SessionClaim(each.id, b"", b"some mark") for each in (first, second)]
    move = SessionMove(form_id=world.form_id, claims=claims, steps=[step])
    (refused,) = aggregator.current().sessions.advance([move])
    counted = encode(trail_of(first), marks.names_of_form(world.form_id, ()))
    assert (refused.status, refused.stored) == (Status.REFUSED, [counted, b""])
    assert kept(world.form_id) == before
    count_sessions(world.events)
    assert counts_of(world) == (Counter({"viewed": 2}), {})


def test_two_workers_may_count_the_same_sessions_at_once(transactional_db, world):
    for _ in range(200):
        world.act()

    def work(seed):
        deliver_at_random(world.events, random.Random(seed), count_sessions)
        connection.close()

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, (1, 2, 3)))
    assert_exact(world)


def test_a_worker_that_read_a_session_long_ago_does_not_set_it_back(world, monkeypatch):
    session = world.merge(new_id(), viewed_at=START)
    find = type(world.store).find_sessions
    slept = []

    def find_and_sleep(store, session_ids):
        found = find(store, session_ids)
        if not slept:
            slept.append(True)
            world.merge(session.id, pages={"You": START + SECOND}, submitted_at=START + 9 * SECOND)
            count_sessions(world.events[-1:])
        return found

    monkeypatch.setattr(type(world.store), "find_sessions", find_and_sleep)
    count_sessions([advanced(session)])
    assert slept
    assert counts_of(world) == (
        Counter({"viewed": 1, "started": 1, "submitted": 1, "p:You": 1}),
        {"t:p:104": 1},
    )


def test_steps_during_a_rebuild_are_in_both_generations(world, monkeypatch):
    for _ in range(60):
        world.act()
    count_sessions(world.events)
    scan = type(world.store).scan_sessions

    def scan_while_others_work(store, form_id):
        for batch in scan(store, form_id, batch=10):
            for _ in range(5):
                world.act()
            count_sessions(world.events[-3:])
            yield batch
            for _ in range(5):
                world.act()
            count_sessions(world.events[-8:])

    with monkeypatch.context() as patch:
        patch.setattr(type(world.store), "scan_sessions", scan_while_others_work)
        rebuild(world.form_id)
    count_sessions(world.events)
    assert_exact(world)
    assert differing(world) == []


def test_a_deleted_response_takes_its_session_out_whole_and_an_edited_one_changes_nothing(world):
    world.step(new_id())
    while not world.responses:
        world.step(new_id())
    count_sessions(world.events)
    (response,) = world.responses.values()
    before = counts_of(world)[0]
    world.delete(response)
    count_sessions(world.events[-1:])
    assert counts_of(world)[0]["viewed"] == before["viewed"] - 1
    assert counts_of(world)[0]["submitted"] == before["submitted"] - 1
    assert counts_of(world)[0] == recount(world.live())[0]
    count_sessions(list(reversed(world.events)))
    assert counts_of(world)[0] == recount(world.live())[0]


def test_a_session_that_cannot_be_read_yet_is_tried_again_later(world):
    known = world.merge(new_id(), viewed_at=START)
    unknown = advanced(known)
    unknown = type(unknown)(**{**unknown.__dict__, "session_id": new_id()})
    with pytest.raises(UnavailableError):
        count_sessions([*world.events, unknown])
    assert counts_of(world) == (Counter(), {})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ({"started_at": 5, "submitted_at": 65}, 60),
        ({"viewed_at": 0, "submitted_at": 65}, 65),
        ({"viewed_at": 0, "pages": 5, "submitted_at": 65}, 60),
        ({"viewed_at": 0, "answered": 5, "started_at": 6, "submitted_at": 65}, 60),
        ({"submitted_at": 65}, None),
        ({"started_at": 65, "submitted_at": 65}, None),
        ({"started_at": 70, "submitted_at": 65}, None),
        ({"viewed_at": 0, "started_at": 70, "submitted_at": 65}, None),
        ({"started_at": 64.001, "submitted_at": 65}, None),
        ({"started_at": 64, "submitted_at": 65}, 1),
        ({"viewed_at": 0, "started_at": 5}, None),
    ],
)
def test_the_time_to_complete_is_known_or_left_out(world, steps, expected):
    given = {name: START + seconds * SECOND for name, seconds in steps.items()}
    given |= {name: {"age": given[name]} for name in ("pages", "answered") if name in given}
    count_sessions([advanced(world.merge(new_id(), **given))])
    took = aggregator.current().get_metrics(world.form_id)["time_to_complete"]
    assert took["n"] == (expected is not None)
    assert took["median"] == took["p90"] == (expected and pytest.approx(expected, rel=ACCURACY))


def test_marks_stay_readable_when_versions_are_added(world):
    trail = trail_of(
        world.merge(
            new_id(),
            pages={"You": START, "odd|.,page": START + SECOND},
            answered={"age": START, "job": START + SECOND},
        )
    )
    names = marks.names_of_form(world.form_id, {"p:You"})
    assert names == ("p:You", "f:age")
    mark = encode(trail, names)
    world.publish()
    assert marks.names_of_form(world.form_id, {"p:You"})[:2] == names
    more = marks.names_of_form(world.form_id, {"f:job"})
    assert more[:2] == names
    assert decode(mark, more) == decode(mark, names) == trail
    assert len(encode(trail, more)) < len(mark)
    with pytest.raises(UnavailableError):
        decode(encode(trail, more), names)
    assert decode(encode(None, more), more) is None
    assert decode(b"7", more) is None, "as an older release left it"


def test_a_mark_is_short(world):
    everything = dict.fromkeys(FIELDS, START)
    world.publish()
    session = world.merge(new_id(), viewed_at=START, answered=everything, submitted_at=START)
    names = [f"f:a_long_name_of_a_field_{n}" for n in range(100)] + [f"f:{name}" for name in FIELDS]
    assert len(encode(trail_of(session), names)) < 48
    assert trail_of(session) == Trail(
        quarter=int(START.timestamp()) // 900,
        started=True,
        submitted=True,
        reached=frozenset(f"f:{name}" for name in FIELDS),
    )


def test_what_began_in_the_night_the_clocks_change_lies_in_its_local_day(world):
    for minutes in (0, 119, 120, 239, 240, 25 * 60 + 119, 25 * 60 + 120):
        world.merge(new_id(), viewed_at=START + timedelta(minutes=minutes))
    count_sessions(world.events)
    found = [
        counts_of(world, since=since, until=since + timedelta(days=1))[0]["viewed"]
        for day in (24, 25, 26)
        for since in [START.astimezone(ZoneInfo("Europe/Paris")).replace(day=day, hour=0)]
    ]
    assert found == [2, 4, 1]
    assert clock.now() > START


def count_anyhow(world):
    for _ in range(80):
        world.act()
    deliver_at_random(world.events, world.random, count_sessions)
    assert_exact(world)
    assert rebuild(world.form_id).sessions == len(world.ids)
    assert_exact(world)
    deliver_at_random(world.events, world.random, count_sessions)
    assert_exact(world)


def test_a_cluster_counts_sessions_in_the_slot_of_their_form(world, count_in):
    with cluster() as client:
        count_in(client)
        count_anyhow(world)
        slots = {client.keyslot(key) for key in client.scan_iter()}
        assert slots == {client.keyslot(f"form:{{{world.form_id}}}:sessions")}


def test_a_client_that_decodes_answers_counts_sessions_alike(world, server, count_in):
    count_in(server.client(decode_responses=True))
    count_anyhow(world)


@pytest.mark.processes
def test_a_redis_that_is_killed_again_and_again_counts_every_session_once(world, server, count_in):
    count_in(server.client())
    killed = 0
    for _ in range(120):
        world.act()

    def deliver(batch):
        nonlocal killed
        if world.random.random() < 0.1:
            killer = threading.Timer(0.001 * world.random.random(), server.kill)
            killer.start()
            killed += 1
            with contextlib.suppress(RedisConnectionError, OSError):
                count_sessions(batch)
            killer.join()
            server.start()
        count_sessions(batch)

    deliver_at_random(world.events, world.random, deliver)
    assert killed > 0
    assert_exact(world)
