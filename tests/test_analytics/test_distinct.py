"""How many different texts and personal answers there are is known, and none of them is."""

import json

import pytest
from django.test import override_settings

from analytics import aggregator, metrics
from analytics.contributions import hidden_values
from analytics.proving.verification import verify
from analytics.rebuild import rebuild
from analytics.subscribers import count_responses
from formplatform.core.connections import numbers
from tests.factories.forms import FormFactory
from tests.test_analytics.world import World


@pytest.fixture
def world(form_id, form_store):
    form_store.insert_form(FormFactory(id=form_id))
    return World(form_id, form_store)


def distinct(world, field):
    return metrics.distribution_of(world.form_id, field)["distinct"]


def test_different_answers_are_counted_once_each_whatever_comes_how_often(world):
    for number in range(60):
        world.submit(data={"email": f"p{number % 20}@example.org", "note": f"note {number}"})
    count_responses(world.events[:1])
    count_responses(world.events)
    count_responses(world.events)
    assert distinct(world, "email") == {"count": 20, "error": 0.0081, "gone": 0}
    assert distinct(world, "note") == {"count": 60, "error": 0.0081, "gone": 0}


@pytest.mark.parametrize("field", ["department", "age", "amount", "tags", "born", "care"])
def test_of_a_field_that_shows_its_values_it_is_not_told(world, field):
    world.submit()
    count_responses(world.events)
    assert distinct(world, field) is None


def test_what_was_taken_back_stays_until_a_rebuild_and_is_told(world):
    first = world.submit(data={"email": "a@example.org", "note": "one"})
    world.submit(data={"email": "b@example.org", "note": "two"})
    count_responses(world.events)
    world.edit(first, data={"email": "a@example.org", "note": "three"})
    count_responses(world.events[-1:])
    assert distinct(world, "email") == {"count": 2, "error": 0.0081, "gone": 0}
    assert distinct(world, "note") == {"count": 3, "error": 0.0081, "gone": 1}
    world.delete(world.live()[1])
    count_responses(world.events[-1:])
    assert distinct(world, "email") == {"count": 2, "error": 0.0081, "gone": 1}
    assert verify(world.form_id, deep=True).keys == ()
    rebuild(world.form_id)
    assert distinct(world, "email") == {"count": 1, "error": 0.0081, "gone": 0}
    assert distinct(world, "note") == {"count": 1, "error": 0.0081, "gone": 0}


def test_thousands_are_within_three_times_the_error(world):
    for number in range(6000):
        world.submit(data={"note": f"note {number}"})
    count_responses(world.events)
    found = distinct(world, "note")["count"]
    assert abs(found - 6000) <= 3 * hidden_values.ERROR * 6000


def test_nothing_in_redis_is_an_answer_or_its_plain_hash(world):
    secret = "somebody@example.org"
    world.submit(data={"email": secret, "note": secret})
    count_responses(world.events)
    kept = b"".join(numbers().dump(key) for key in numbers().scan_iter("form:*"))
    assert secret.encode() not in kept
    assert hidden_values.hidden(secret).encode() not in kept


def test_hashes_depend_on_the_secret_key():
    hidden_values._keyed.cache_clear()
    here = hidden_values.hidden("somebody@example.org")
    with override_settings(SECRET_KEY="another deployment's"):
        hidden_values._keyed.cache_clear()
        assert hidden_values.hidden("somebody@example.org") != here
    hidden_values._keyed.cache_clear()
    assert hidden_values.hidden("somebody@example.org") == here


@pytest.mark.parametrize("count", [1, 2, 8, 9, 40])
def test_sealed_hashes_are_like_no_others_and_come_back(count):
    hashes = [hidden_values.hidden(f"person{number}@example.org") for number in range(count)]
    one, other = hidden_values.seal(hashes, 1), hidden_values.seal(hashes, 2**64 - 1)
    assert hidden_values.unseal(one, 1) == hidden_values.unseal(other, 2**64 - 1) == hashes
    pieces = [text[at : at + 16] for text in (one, other) for at in range(0, len(text), 16)]
    assert len({*pieces, *hashes}) == 3 * count


@pytest.mark.parametrize(("left", "right"), [({"a": 1, "b": 2}, {"b": 2, "a": 1}), ("é", "é")])
def test_equal_answers_have_equal_hashes(left, right):
    assert hidden_values.hidden(left) == hidden_values.hidden(json.loads(json.dumps(right)))


def test_a_lost_estimate_is_found_by_a_deep_look_and_mended(world):
    for number in range(30):
        world.submit(data={"email": f"p{number}@example.org"})
    count_responses(world.events)
    key = f"form:{{{world.form_id}}}:field:email:distinct"
    assert numbers().delete(key) == 1
    (found,) = verify(world.form_id, deep=True).keys
    assert (found.key, found.names) == ("field:email:distinct", ("(different answers)",))
    rebuild(world.form_id)
    assert aggregator.current().get_field_summary(world.form_id, "email").distinct == 30
    assert verify(world.form_id, deep=True).keys == ()
