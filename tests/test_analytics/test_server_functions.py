"""The counting works on every Redis we promise: with functions, without, in a cluster."""

import pytest
import redis

from analytics import aggregator, server_functions
from analytics.aggregator import FormAggregator
from analytics.generations import Generations
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


def use(client, monkeypatch):
    live = FormAggregator(client)
    monkeypatch.setattr(aggregator, "current", lambda: live)
    monkeypatch.setattr("analytics.rebuild.numbers", lambda: client)
    return live


def test_functions_are_loaded_when_they_are_missing_and_only_then(world):
    client = numbers()
    client.function_flush()
    count_responses(world.events)
    libraries = {entry[1] for entry in client.function_list()}
    assert len(libraries) == 1
    count_responses(world.events)
    assert {entry[1] for entry in client.function_list()} == libraries
    assert_exact(aggregator.current(), world, client)


def test_a_server_whose_functions_vanish_in_between_gets_them_again(world):
    count_responses(world.events[:30])
    numbers().function_flush()
    count_responses(world.events[30:])
    assert_exact(aggregator.current(), world, numbers())


@pytest.mark.parametrize("command", ["function", "fcall"])
def test_without_functions_scripts_do_the_same(world, monkeypatch, command):
    server = Server("--rename-command", command, "")
    try:
        live = use(server.client(), monkeypatch)
        count_responses(world.events[:1])
        count_responses(world.events)
        assert_exact(live, world, server.client())
        server.client().script_flush()
        rebuild(world.form_id)
        assert_exact(live, world, server.client())
    finally:
        server.close()


def test_a_user_who_may_not_load_libraries_uses_scripts(world, monkeypatch):
    admin = numbers()
    admin.function_flush()
    admin.acl_setuser(
        "reader",
        enabled=True,
        nopass=True,
        keys=["*"],
        categories=["+@all"],
        commands=["-function"],
    )
    try:
        path = admin.connection_pool.connection_kwargs["path"]
        client = redis.Redis(unix_socket_path=path, db=2, username="reader", password="")
        live = use(client, monkeypatch)
        count_responses(world.events)
        assert_exact(live, world, client)
        assert admin.function_list() == []
    finally:
        admin.acl_deluser("reader")


def test_a_client_that_decodes_answers_reads_the_same(world, monkeypatch):
    server = Server()
    try:
        live = use(server.client(decode_responses=True), monkeypatch)
        count_responses(world.events)
        assert_exact(live, world, server.client())
        assert rebuild(world.form_id).generation == 1
        assert_exact(live, world, server.client())
    finally:
        server.close()


def test_on_a_cluster_each_form_lives_in_one_slot_and_counts_exactly(
    world, form_store, monkeypatch
):
    with cluster() as client:
        live = use(client, monkeypatch)
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


def test_libraries_of_two_releases_stand_side_by_side(monkeypatch, world):
    count_responses(world.events[:30])
    newer = server_functions.read_function("apply")
    changed = server_functions.function_of("apply", f"{newer.source}-- changed\n")
    assert changed.registered_name != newer.registered_name
    numbers().function_load(changed.library)
    count_responses(world.events)
    assert_exact(aggregator.current(), world, numbers())
