import pytest
from redis.crc import key_slot

from caching.codec import UncacheableError
from caching.keys import form_tag, tag_key, value_key


def test_arguments_that_differ_in_type_or_in_where_they_are_cut_never_share_a_key():
    calls = [
        ((1,), {}),
        (("1",), {}),
        ((1.0,), {}),
        ((True,), {}),
        ((None,), {}),
        (("None",), {}),
        (("a b",), {}),
        (("a", "b"), {}),
        ((["a", "b"],), {}),
        ((("a", "b"),), {}),
        (("x:b:y", "z"), {}),
        (("x", "y:b:z"), {}),
        ((), {"a": 1}),
        (("a", 1), {}),
        (((), ("a", 1)), {}),
        ((), {}),
        (([],), {}),
    ]

    keys = [value_key("f", "t", args, kwargs) for args, kwargs in calls]

    assert len(set(keys)) == len(calls)


def test_the_order_of_named_arguments_does_not_matter():
    assert value_key("f", "t", (), {"a": 1, "b": 2}) == value_key("f", "t", (), {"b": 2, "a": 1})


def test_two_functions_never_share_a_key():
    assert value_key("f", "t", (1,), {}) != value_key("g", "t", (1,), {})


def test_a_value_lives_in_the_slot_of_its_tag():
    tag = form_tag("65f0c0ffee65f0c0ffee65f0")

    value = value_key("analytics.metrics", tag, ("x",), {})

    assert key_slot(value.encode()) == key_slot(tag_key(tag).encode())


@pytest.mark.parametrize("tag", ["", "a b", "a{b}", "a\n", ":a", "*", "x" * 201])
def test_a_tag_is_a_plain_name(tag):
    with pytest.raises(ValueError, match="is no tag"):
        tag_key(tag)


def test_an_argument_without_an_exact_encoding_is_refused():
    with pytest.raises(UncacheableError):
        value_key("f", "t", (object(),), {})
