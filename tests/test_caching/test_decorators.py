import threading
import time
from decimal import Decimal

import pytest
import time_machine

from caching import decorators
from caching.codec import UncacheableError
from caching.decorators import cached, invalidate_cache
from caching.tags import bump
from caching.tiers import default_tiers
from formplatform.core.errors import InvalidInputError, UnavailableError


def test_a_function_runs_once_for_the_same_arguments(counted):
    function = counted()

    assert [function(1, "a"), function(1, "a"), function(2, "a")] == [[1, "a"], [1, "a"], [2, "a"]]
    assert function.runs == [(1, "a"), (2, "a")]


def test_another_process_takes_the_answer_from_redis(counted, other_process):
    function = counted(ttl=60)
    function(1)

    with other_process():
        assert function(1) == [1]

    assert len(function.runs) == 1


def test_none_is_kept_like_any_answer(counted):
    function = counted(lambda: None)

    assert (function(), function()) == (None, None)
    assert len(function.runs) == 1


def test_an_exception_is_never_kept(counted):
    answers = iter([ValueError("broken"), "fine"])

    def sometimes():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    function = counted(sometimes)
    with pytest.raises(ValueError, match="broken"):
        function()

    assert (function(), function()) == ("fine", "fine")


def test_nobody_can_change_what_the_next_caller_reads(counted):
    function = counted(lambda: {"list": [1]})
    function()["list"].append(2)
    function()["list"].append(3)

    assert function() == {"list": [1]}


def test_the_first_answer_has_the_types_of_the_later_ones(counted):
    function = counted(lambda: (1, Decimal("2.50")))

    assert [function(), function()] == [(1, Decimal("2.50"))] * 2


def test_an_answer_that_cannot_be_kept_exactly_is_refused_at_once(counted):
    function = counted(object)

    with pytest.raises(UncacheableError):
        function()


def test_a_bump_makes_everything_under_the_tag_stale(counted):
    first = counted(tags=lambda form_id: (f"form:{form_id}",))
    second = counted(tags=lambda form_id: ("other", f"form:{form_id}"))
    for function in (first, second):
        function(1)
        function(2)

    bump("form:1")

    for function in (first, second):
        function(1)
        function(2)
        assert function.runs == [(1,), (2,), (1,)]


def test_a_bump_in_another_process_counts_at_once_here(counted, monkeypatch):
    function = counted(tags=("form:1",))
    function()
    function()

    from caching import tags

    tags._move("form:1", "always")  # as another process does: this one counts no bump

    function()
    assert len(function.runs) == 2


def test_a_lag_is_how_long_a_foreign_bump_may_go_unseen(counted):
    from caching import tags

    function = counted(tags=("form:1",), lag_seconds=0.2)
    function()
    tags._move("form:1", "always")
    function()
    assert len(function.runs) == 1

    time.sleep(0.2)

    function()
    assert len(function.runs) == 2


def test_an_own_bump_is_seen_whatever_the_lag(counted):
    function = counted(tags=("form:1",), lag_seconds=3600)
    function()
    bump("form:1")
    function()

    assert len(function.runs) == 2


def test_what_was_computed_before_a_bump_is_not_served_after_it(counted):
    """The reader reads, the writer writes and bumps, the reader stores: the classic lost race."""
    state = ["old"]

    def read():
        seen = state[0]
        if seen == "old":
            state[0] = "new"
            bump("form:1")
        return seen

    function = counted(read, tags=("form:1",))

    assert [function(), function(), function()] == ["old", "new", "new"]
    assert len(function.runs) == 2


def test_a_caller_after_a_bump_does_not_join_a_computation_from_before(counted):
    entered, gate, answers = threading.Event(), threading.Event(), []
    state = ["old"]

    def read():
        seen = state[0]
        if seen == "old":
            entered.set()
            gate.wait(60)
        return seen

    function = counted(read, tags=("form:1",))
    thread = threading.Thread(target=lambda: answers.append(function()))
    thread.start()
    entered.wait(60)
    state[0] = "new"
    bump("form:1")

    assert function() == "new"
    gate.set()
    thread.join(60)
    assert answers == ["old"]
    assert function() == "new"


def test_a_tag_version_that_redis_lost_revives_no_old_answer(counted, client_of_redis):
    state = ["first"]
    function = counted(lambda: state[0], tags=("form:1",))
    function()
    state[0] = "second"
    bump("form:1")
    client_of_redis.delete("cache:v1:tag:{form:1}")

    assert function() == "second"


def test_cold_callers_run_the_function_once(counted):
    all_in = threading.Barrier(16)
    function = counted(lambda: time.sleep(0.2) or "answer", tags=("form:1",))
    answers = []

    def call():
        all_in.wait(60)
        answers.append(function())

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert answers == ["answer"] * 16
    assert len(function.runs) == 1


def test_an_answer_is_computed_again_after_its_time(counted):
    function = counted(ttl=1)
    function(1)
    client_ttl = _pttl(function)
    assert 0 < client_ttl <= 1000

    with time_machine.travel(time.time() + 2, tick=True):
        default_tiers().l1.clear()
        time.sleep(1.05)  # Redis has a clock of its own
        function(1)

    assert len(function.runs) == 2


def _pttl(function):
    from caching import redis_client

    client = redis_client.shared_client()
    (key,) = [k for k in client.scan_iter("*") if function.name.encode() in k and b":tag:" not in k]
    return client.pttl(key)


def test_a_copy_near_does_not_outlive_the_answer(counted, other_process):
    function = counted(ttl=100)
    function(1)

    with other_process(), time_machine.travel(time.time() + 99.8, tick=True):
        function(1)
        tiers = default_tiers()
        (slot,) = tiers.l1._slots.values()
        assert slot.expires_at - time.monotonic() <= 0.3


def test_the_settings_give_the_time_and_the_size(settings, counted):
    settings.CACHE_L2_DEFAULT_TTL = 50
    settings.CACHE_L1_TTL = 7
    settings.CACHE_L1_MAX_SIZE = 3
    default_tiers.cache_clear()
    function = counted()
    for n in range(9):
        function(n)

    assert function.ttl == 50
    assert (default_tiers().l1.ttl, len(default_tiers().l1)) == (7, 3)


def test_the_functions_of_a_pattern_can_be_made_stale(monkeypatch):
    monkeypatch.setattr(decorators, "_functions", {})
    runs = []

    @cached(key_prefix="books.first")
    def first():
        runs.append("first")

    @cached(key_prefix="books.second", tags=("shelf",))
    def second():
        runs.append("second")

    @cached(key_prefix="films.first")
    def film():
        runs.append("film")

    for function in (first, second, film):
        function()
    assert invalidate_cache("books.*") == ["books.first", "books.second"]
    for function in (first, second, film):
        function()

    assert runs == ["first", "second", "film", "first", "second"]


def test_a_pattern_that_matches_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(decorators, "_functions", {})

    with pytest.raises(InvalidInputError, match="No cached function"):
        invalidate_cache("nothing.*")


def test_one_function_can_be_made_stale(counted):
    function = counted()
    function(1)
    function.invalidate()
    function(1)

    assert len(function.runs) == 2


def test_two_functions_cannot_share_a_name(monkeypatch):
    @cached(key_prefix="same")
    def one():
        return 1

    with pytest.raises(TypeError, match="named same"):

        @cached(key_prefix="same")
        def two():
            return 2

    assert one() == 1


def test_without_redis_a_tagged_function_runs_each_time(counted, redis_down):
    function = counted(tags=("form:1",))
    function(1)

    with redis_down():
        assert [function(1), function(1)] == [[1], [1]]

    assert len(function.runs) == 3


def test_without_redis_an_untagged_answer_lives_on_near(counted, redis_down):
    function = counted()
    function(1)

    with redis_down():
        time.sleep(1.05)
        assert [function(1), function(2), function(2)] == [[1], [2], [2]]

    assert function.runs == [(1,), (2,)]


def test_when_redis_is_back_the_cache_works_again(counted, redis_down):
    function = counted(tags=("form:1",))
    with redis_down():
        function(1)
    time.sleep(1.05)

    function(1)
    function(1)

    assert len(function.runs) == 2


def test_without_redis_a_bump_says_that_it_failed(redis_down):
    with redis_down(), pytest.raises(UnavailableError):
        bump("form:1")


def test_a_redis_that_hangs_is_not_waited_for_at_every_call(counted, redis_down):
    function = counted(tags=("form:1",))
    with redis_down(silent=True):
        started = time.monotonic()
        for _ in range(200):
            function(1)

    assert time.monotonic() - started < 20
