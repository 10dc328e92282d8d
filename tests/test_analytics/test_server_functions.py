"""The counting works on every Redis we promise: with functions, without, in a cluster."""

import pytest
import redis

from analytics.numbers import server_functions
from analytics.numbers.generations import Generations
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses
from formplatform.core.connections import numbers
from tests.test_analytics.servers import Server, cluster
from tests.test_analytics.world import World, assert_exact

pytestmark = pytest.mark.processes


@pytest.fixture
def world(form_id, form_store):
    world = World(form_id, form_store)
    for _ in range(60):
        world.act()
    return world


def one_by_one(events):
    for event in events:
        count_responses([event])


def test_functions_are_loaded_when_they_are_missing_and_only_then(world, server, count_in):
    live, client = count_in(server.client()), server.client()
    count_responses(world.events[:30])
    libraries = {entry[1] for entry in client.function_list()}
    assert len(libraries) == 1
    client.function_flush()
    count_responses(world.events)
    assert {entry[1] for entry in client.function_list()} == libraries
    assert client.info("commandstats")["cmdstat_function|load"]["calls"] == 2
    assert_exact(live, world, client)


@pytest.mark.parametrize("command", ["function", "fcall"])
def test_without_functions_scripts_do_the_same(world, count_in, command):
    server = Server("--rename-command", command, "")
    try:
        live = count_in(server.client())
        one_by_one(world.events[:30])
        count_responses(world.events)
        assert_exact(live, world, server.client())
        server.client().script_flush()
        rebuild(world.form_id)
        assert_exact(live, world, server.client())
    finally:
        server.close()


def test_a_user_who_may_not_load_libraries_uses_scripts(world, server, count_in):
    rights = {"keys": ["*"], "categories": ["+@all"], "commands": ["-function"]}
    server.client().acl_setuser("counter", enabled=True, nopass=True, **rights)
    client = server.client(username="counter", password="")
    live = count_in(client)
    count_responses(world.events)
    assert_exact(live, world, client)
    assert server.client().function_list() == []


def test_a_client_that_decodes_answers_reads_the_same(world, server, count_in):
    live = count_in(server.client(decode_responses=True))
    one_by_one(world.events[:30])
    count_responses(world.events)
    assert_exact(live, world, server.client())
    assert rebuild(world.form_id).generation == 1
    assert_exact(live, world, server.client())


def test_on_a_cluster_each_form_lives_in_one_slot_and_counts_exactly(world, count_in):
    with cluster() as client:
        live = count_in(client)
        one_by_one(world.events[:30])
        assert live.find_total(world.form_id) > 0
        one_by_one(world.events[:35])
        count_responses(world.events)
        assert_exact(live, world, client)
        slots = {client.keyslot(key) for key in client.scan_iter()}
        assert slots == {client.keyslot(f"form:{{{world.form_id}}}:stats")}
        rebuild(world.form_id)
        assert Generations(client, world.form_id).live == 1
        assert_exact(live, world, client)


def test_a_refused_call_is_an_error_and_not_a_loop(world):
    numbers().set(f"form:{{{world.form_id}}}:stats", "not a hash")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        count_responses(world.events)


def test_libraries_of_two_releases_stand_side_by_side(world, server, count_in):
    live, client = count_in(server.client()), server.client()
    count_responses(world.events[:30])
    source = server_functions.APPLY.source
    newer = server_functions.function_of("apply", f"{source}-- a later release\n")
    assert newer.registered_name != server_functions.APPLY.registered_name
    client.function_load(newer.as_library)
    count_responses(world.events)
    assert len(client.function_list()) == 2
    assert_exact(live, world, client)
