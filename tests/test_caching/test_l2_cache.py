import socket
import threading
import time

import pytest
from django.core.cache import cache
from django.test import override_settings

from caching.codec import UncacheableError
from caching.entries import Entry, entry_from
from caching.l2_cache import MAX_VALUE_BYTES, L2Cache
from caching.tags import bump, mint
from formplatform.core.connections import numbers

MISSING = object()


def test_a_value_is_shared_for_its_time(client_of_redis):
    L2Cache().set("a", {"n": None}, ttl=30)

    assert L2Cache().get("a", MISSING) == {"n": None}
    assert 29_000 < client_of_redis.pttl("cache:v1:value:a") <= 30_000


def test_the_settings_give_the_time_of_a_value(settings, client_of_redis):
    settings.CACHE_L2_DEFAULT_TTL = 77
    L2Cache().set("a", 1)

    assert 76_000 < client_of_redis.pttl("cache:v1:value:a") <= 77_000


def test_a_deleted_value_is_gone():
    tier = L2Cache()
    tier.set("a", 1)
    tier.delete("a")

    assert tier.get("a", MISSING) is MISSING


def test_a_value_without_an_exact_encoding_is_refused():
    tier = L2Cache()
    with pytest.raises(UncacheableError):
        tier.set("a", object())

    assert tier.get("a", MISSING) is MISSING


def test_bytes_of_somebody_else_are_a_miss(client_of_redis):
    client_of_redis.set("cache:v1:value:a", b"\xc1garbage")

    assert L2Cache().get("a", MISSING) is MISSING


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(8) + b"\xff"])
def test_an_entry_of_another_release_is_none(data):
    assert entry_from(data) is None


def test_an_entry_survives_the_way_to_redis_and_back():
    entry = Entry(b"payload", (1, 2**53), 1.5)

    assert entry_from(entry.to_bytes()) == entry


def test_a_value_too_big_to_share_is_not_written(client_of_redis):
    L2Cache().write("big", Entry(bytes(MAX_VALUE_BYTES + 1), (), 0.0), ttl=9)

    assert client_of_redis.exists("big") == 0


def test_a_value_and_the_versions_of_its_tags_come_in_one_read():
    bump("a")
    tier = L2Cache()
    entry = Entry(b"x", (mint("a"),), 0.0)
    tier.write("key", entry, ttl=9)

    assert tier.read("key", ["cache:v1:tag:{a}", "cache:v1:tag:{b}"]) == (
        entry,
        [mint("a"), None],
    )


def test_a_version_only_ever_grows(client_of_redis):
    first = mint("a")
    assert mint("a") == first
    bump("a")
    second = mint("a")
    assert second > first

    client_of_redis.set("cache:v1:tag:{a}", 2**52)  # a server whose clock went back
    bump("a")

    assert mint("a") == 2**52 + 1


def test_without_redis_nothing_raises(redis_down):
    tier = L2Cache()
    with redis_down():
        tier.set("a", 1)
        tier.delete("a")
        tier.write("key", Entry(b"x", (), 0.0), ttl=9)

        assert tier.get("a", MISSING) is MISSING
        assert tier.read("key", ["t"]) == (None, None)
        assert tier.is_down


@pytest.fixture
def hung_server():
    """Takes connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []

    def accept():
        while True:
            try:
                held.append(listener.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    listener.close()
    for connection in held:
        connection.close()


def test_a_hung_server_slows_one_call_in_a_second(hung_server, settings):
    changed = {"default": {**settings.CACHES["default"], "LOCATION": hung_server}}
    tier = L2Cache()
    with override_settings(CACHES=changed):
        tier.get("a", MISSING)
        started = time.perf_counter()
        for _ in range(100):
            assert tier.get("a", MISSING) is MISSING
        spent = time.perf_counter() - started

    assert spent < 0.1


def test_clearing_django_s_cache_leaves_the_numbers_alone():
    numbers().set("form:{x}:stats", 5)
    cache.set("a", 1)
    cache.set_many({"b": [1], "c": (2,)})
    assert cache.get_many(["a", "b", "c", "d"]) == {"a": 1, "b": [1], "c": (2,)}

    cache.clear()

    assert cache.get_many(["a", "b", "c"]) == {}
    assert numbers().get("form:{x}:stats") == b"5"


def test_a_pickle_without_our_signature_is_never_read(client_of_redis):
    import pickle

    class Evil:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was executed",))

    client_of_redis.set(cache.make_key("a"), pickle.dumps(Evil()))
    client_of_redis.set(cache.make_key("b"), bytes(32) + pickle.dumps(Evil()))

    assert (cache.get("a"), cache.get("b")) == (None, None)


def test_what_one_secret_key_wrote_another_does_not_read(settings):
    cache.set("a", {"x": 1})
    assert cache.get("a") == {"x": 1}

    settings.SECRET_KEY = "another"

    assert cache.get("a") is None
