"""What a reader of a live stream is told, from the state it has to the state that is."""

import json

from analytics.live.states import REMEMBERED, History, difference, flatten


def read(event):
    lines = dict(line.split(": ", 1) for line in event.decode().strip().splitlines())
    return lines["event"], lines["id"], json.loads(lines["data"])


def test_a_state_is_flat_and_a_place_in_a_list_is_one_key():
    nested = {"a": 1, "b": {"c": None, "d": [{"x": 1}, 2]}, "e": {}}
    assert dict(flatten(nested)) == {
        "a": 1,
        "b.c": None,
        "b.d.count": 2,
        "b.d.0": {"x": 1},
        "b.d.1": 2,
    }


def test_a_difference_names_what_changed_and_what_is_gone():
    found = difference({"a": 1, "b": None, "c": 3}, {"a": 1, "b": 2, "d": None})
    assert found == {"changed": {"b": 2, "d": None}, "removed": ["c"]}


def test_a_reader_gets_a_snapshot_then_differences_and_nothing_twice():
    history = History()
    assert history.event_since(None) is None, "nothing is known yet"
    assert history.add({"n": 1, "same": 0}, as_of="t1")
    name, first, data = read(history.event_since(None))
    assert (name, data) == ("snapshot", {"as_of": "t1", "data": {"n": 1, "same": 0}})
    assert not history.add({"n": 1, "same": 0}, as_of="t2")
    assert history.event_since(first) is None
    assert history.add({"n": 2, "same": 0}, as_of="t3")
    name, second, data = read(history.event_since(first))
    assert (name, data) == ("diff", {"as_of": "t3", "changed": {"n": 2}, "removed": []})
    assert history.event_since(second) is None


def test_equal_states_have_equal_ids_in_every_process():
    one, other = History(), History()
    one.add({"a": 1, "b": 2}, as_of="t1")
    other.add({"x": 0}, as_of="t2")
    other.add({"b": 2, "a": 1}, as_of="t3")
    assert one.current == other.current


def test_a_state_too_long_gone_leads_to_a_snapshot():
    history = History()
    ids = []
    for number in range(REMEMBERED + 1):
        history.add({"n": number}, as_of="t")
        ids.append(history.current)
    assert read(history.event_since(ids[0]))[0] == "snapshot"
    assert read(history.event_since(ids[1]))[0] == "diff"
    assert read(history.event_since("unknown"))[0] == "snapshot"
