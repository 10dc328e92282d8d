import threading

import pytest

from caching.l1_cache import L1Cache

MISSING = object()


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_least_recently_used_entry_is_forgotten_first():
    cache = L1Cache(2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.get("a", None)
    cache.set("c", 3)

    assert [cache.get(key, MISSING) for key in "abc"] == [1, MISSING, 3]
    assert len(cache) == 2


def test_an_entry_is_gone_the_moment_its_time_is_over(clock):
    cache = L1Cache(9, ttl=300, clock=clock)
    cache.set("a", 1, ttl=10)
    clock.now += 9.999
    assert cache.get("a", MISSING) == 1

    clock.now += 0.001

    assert cache.get("a", MISSING) is MISSING
    assert (len(cache), cache.bytes) == (0, 0)


def test_no_entry_outlives_the_cache_s_own_time(clock):
    cache = L1Cache(9, ttl=5, clock=clock)
    cache.set("a", 1, ttl=1000)
    clock.now += 5

    assert cache.get("a", MISSING) is MISSING


@pytest.mark.parametrize("ttl", [0, -1])
def test_an_entry_without_time_is_not_kept_and_removes_the_old_one(ttl):
    cache = L1Cache(9)
    cache.set("a", 1)
    cache.set("a", 2, ttl=ttl)

    assert cache.get("a", MISSING) is MISSING


def test_none_and_false_are_values_like_any_other():
    cache = L1Cache(9)
    cache.set("none", None)
    cache.set("false", False)

    assert cache.get("none", MISSING) is None
    assert cache.get("false", MISSING) is False


def test_bytes_are_bounded_too():
    cache = L1Cache(100, max_bytes=10)
    cache.set("a", "x", size=6)
    cache.set("b", "x", size=4)
    assert (len(cache), cache.bytes) == (2, 10)

    cache.set("c", "x", size=1)

    assert cache.get("a", MISSING) is MISSING
    assert (len(cache), cache.bytes) == (2, 5)


def test_a_value_heavier_than_the_whole_cache_pushes_nothing_out():
    cache = L1Cache(100, max_bytes=10)
    cache.set("a", "x", size=6)
    cache.set("b", "x", size=11)

    assert (len(cache), cache.bytes) == (1, 6)


def test_a_replaced_entry_gives_its_weight_back():
    cache = L1Cache(100, max_bytes=10)
    for size in (5, 7, 2):
        cache.set("a", "x", size=size)

    assert (len(cache), cache.bytes) == (1, 2)
    cache.delete("a")
    cache.delete("a")
    assert (len(cache), cache.bytes) == (0, 0)


def test_clear_forgets_everything():
    cache = L1Cache(100)
    cache.set("a", 1, size=3)
    cache.clear()

    assert (len(cache), cache.bytes, cache.get("a", MISSING)) == (0, 0, MISSING)


def test_a_cache_for_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        L1Cache(0)


def test_many_threads_leave_the_books_straight():
    cache = L1Cache(50, max_bytes=400)
    errors = []

    def work(seed):
        try:
            for n in range(3000):
                key = (seed * n) % 97
                if n % 3:
                    cache.get(key, None)
                elif n % 7:
                    cache.set(key, n, size=n % 20)
                else:
                    cache.delete(key)
        except Exception as error:  # noqa: BLE001 - whatever a race raises
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (3, 5, 7, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(cache) <= 50
    assert 0 <= cache.bytes <= 400
    cache._slots.move_to_end(next(iter(cache._slots)))
    assert cache.bytes == sum(slot.size for slot in cache._slots.values())
