"""A store that lies is refused, and says why."""

import pytest
import redis

from formplatform.core import redis_answers
from formplatform.core.connections import numbers
from formplatform.core.errors import UnavailableError
from formplatform.core.known_answers import KnownAnswer, WrongAnswerError, check_answers
from tests.redis_away import KINDS, away


@pytest.fixture
def ask_again():
    """The answer is remembered per process: forget it before and after."""
    redis_answers._check.cache_clear()
    yield
    redis_answers._check.cache_clear()


def every_node(command, *arguments):
    """The answer of each node, be it one or a cluster's."""
    client = numbers()
    if not isinstance(client, redis.RedisCluster):
        return [client.execute_command(command, *arguments)]
    primaries = client.get_primaries()
    return [client.execute_command(command, *arguments, target_nodes=node) for node in primaries]


def commands_processed():
    return [each["total_commands_processed"] for each in every_node("INFO", "stats")]


def test_a_wrong_answer_is_named_with_what_was_expected():
    questions = [
        KnownAnswer("One and one", lambda: 3, 2),
        KnownAnswer("Two and two", lambda: 4, 4),
        KnownAnswer("A whole number stays whole", lambda: 3.0, 3),
        KnownAnswer("It can divide", lambda: 1 / 0, 1),
    ]
    with pytest.raises(WrongAnswerError) as refusal:
        check_answers("The abacus", questions, outages=())
    assert refusal.value.message == (
        "The abacus is refused because it gives wrong answers. "
        "One and one: expected 2, got 3. "
        "A whole number stays whole: expected 3, got 3.0. "
        "It can divide: ZeroDivisionError: division by zero."
    )
    assert refusal.value.data == {"questions": 3}


def test_a_store_that_is_down_is_no_liar():
    def ask():
        raise ConnectionError("down")

    with pytest.raises(ConnectionError):
        check_answers("It", [KnownAnswer("One", ask, 1)], outages=(ConnectionError,))


def test_the_redis_of_this_run_answers_rightly_and_keeps_no_trace(ask_again):
    redis_answers.check_redis()
    assert numbers().dbsize() == 0
    assert not any(every_node("FUNCTION LIST", "LIBRARYNAME", "probe_*"))


def test_a_redis_that_may_evict_numbers_is_refused(ask_again):
    numbers().config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(WrongAnswerError, match=r"maxmemory-policy.*got \['allkeys-lru'\]"):
            redis_answers.check_redis()
    finally:
        numbers().config_set("maxmemory-policy", "noeviction")
    assert numbers().dbsize() == 0


def test_a_redis_is_asked_once_per_process(ask_again):
    redis_answers.check_redis()
    before = commands_processed()
    redis_answers.check_redis()
    assert commands_processed() == [count + 1 for count in before]


@pytest.mark.parametrize("kind", KINDS)
def test_a_redis_that_is_down_is_unavailable(ask_again, kind):
    with away(kind), pytest.raises(UnavailableError):
        redis_answers.check_redis()
