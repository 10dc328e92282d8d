"""An explanation says what an answer would be read from, and reads no response itself."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from analytics.answering.explaining import HIDDEN, UNREAD
from analytics.columns import COLUMNS
from analytics.counting import count_responses
from analytics.fields.form_fields import fields_of_form
from analytics.query_builder import explain_query, run_query
from formplatform.core import clock
from formplatform.forms.storage.base import PipelineStore
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.redis_away import away
from tests.test_analytics import study
from tests.test_analytics.servers import free_port
from tests.test_analytics.test_api import client_of, url
from tests.test_analytics.world import World

COUNT = {"aggregate": "count"}
FILTERED = COUNT | {"filter": {"department": "it"}}
COLUMNAR = FILTERED | {"engine": "columnar"}
RARE = "a word that one respondent wrote"
LOOKS = {
    "find_form", "list_versions", "find_version", "count_responses", "is_waiting",
    "explain_responses",
}  # fmt: skip
"""What the store may be asked for an explanation."""


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.ANALYTICS_COLUMNS_PATH = tmp_path / "columns"
    return settings.ANALYTICS_COLUMNS_PATH


@pytest.fixture
def form(form_store):
    """Ada's form, without responses."""
    ada = User.objects.create_user("ada")
    form = form_store.insert_form(FormFactory(owner_id=ada.pk, current_version=1))
    form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
    return form.id


@pytest.fixture
def world(form, form_store):
    """Thirty responses in it, all of them counted."""
    world = World(form, form_store, seed=3)
    for _ in range(30):
        world.submit()
    world.submit(data={"department": "it", "note": RARE, "age": 4711, "email": "one@example.org"})
    return counted(world)


def counted(world):
    count_responses(world.events)
    revisions = {each.id: each.revision for each in world.responses.values()}
    world.store.mark_dispatched(revisions, at=clock.now())
    return world


def explained(form_id, query, *scopes):
    api = client_of(User.objects.get(username="ada"), scopes=scopes or ["analytics:read"])
    return api.post(url(form_id, "query/?explain=1"), query)


def reads(form_id, query):
    found = explain_query(form_id, query)
    return found["engine"], found["reads"]


def day(granularity="day", timezone="UTC"):
    group = {"field": "submitted_at", "granularity": granularity, "timezone": timezone}
    return COUNT | {"group_by": group}


HELD = [
    COUNT,
    {"aggregate": "avg", "value": "age"},
    {"measures": ["count", {"op": "sum", "field": "age"}, {"op": "missing", "field": "note"}]},
    COUNT | {"group_by": "department"},
    day(),
    day("hour"),
    day("day", "Asia/Kathmandu"),
    day("month", "America/New_York"),
    day("hour") | {"date_range": ["2026-03-28", "2026-03-29"]},
    day("hour") | {"date_range": ["1999-03-28", "1999-03-29"]},
]


@pytest.mark.parametrize("query", HELD, ids=str)
def test_the_keys_of_the_live_numbers_are_those_that_redis_is_asked_for(
    world, server, count_in, query
):
    count_in(server.client())
    count_responses(world.events)
    run_query(world.form_id, COUNT)  # takes what waits
    engine, found = reads(world.form_id, query)
    count_in(server.client())  # remembers nothing
    with server.client().monitor() as monitor:
        assert run_query(world.form_id, query).engine == engine == "rollup"
        server.client().echo("over")
        named = keys_of(monitor)
    assert found == {"keys": len(named), "unknown": {}}
    assert all(name.startswith(f"form:{{{world.form_id}}}:") for name in named)


MANY = {"MGET", "PFCOUNT"}


def keys_of(monitor):
    """Of all commands until somebody echoes."""
    found = set()
    for name, *arguments in (each["command"].split() for each in monitor.listen()):
        if name == "ECHO":
            break
        if arguments and name not in ("CLIENT", "HELLO", "SELECT"):
            found.update(arguments if name in MANY else arguments[:1])
    return found


def test_columns_are_said_to_be_there_once_they_are_and_how_old(world, time_machine):
    unread = {"rows": 0, "are_there": False, "as_of": None, "age_seconds": None}
    unread["unknown"] = {"as_of": UNREAD, "age_seconds": UNREAD}
    assert reads(world.form_id, COLUMNAR) == ("columnar", unread)
    time_machine.move_to(clock.now().replace(microsecond=0) + timedelta(seconds=5), tick=False)
    as_of = run_query(world.form_id, COLUMNAR).as_of
    here = {"rows": 31, "are_there": True, "as_of": clock.to_text(as_of), "unknown": {}}
    assert reads(world.form_id, COLUMNAR)[1] == here | {"age_seconds": 0.0}
    time_machine.shift(timedelta(seconds=90))
    world.submit()  # which columns do not know before somebody asks
    assert reads(world.form_id, COLUMNAR)[1] == here | {"age_seconds": 90.0}
    assert run_query(world.form_id, COLUMNAR).base_n is not None
    assert reads(world.form_id, COLUMNAR)[1]["rows"] == 32


def test_another_process_finds_them_on_disk_without_those_that_died(world, monkeypatch):
    monkeypatch.setattr("analytics.columns.publishing.WORTH_WRITING", 1)
    run_query(world.form_id, COLUMNAR)
    for response in world.live()[:4]:
        world.delete(response)
    run_query(world.form_id, COLUMNAR)
    known = reads(world.form_id, COLUMNAR)[1]
    COLUMNS.clear()
    found = reads(world.form_id, COLUMNAR)[1]
    assert (known["rows"], found["rows"], found["are_there"]) == (27, 27, True)
    assert found["as_of"] == known["as_of"]


def test_columns_that_are_damaged_are_not_there(world, root):
    run_query(world.form_id, COLUMNAR)
    COLUMNS.clear()
    (segment,) = root.rglob("*.arrow")
    segment.write_bytes(segment.read_bytes()[:-1])
    assert reads(world.form_id, COLUMNAR)[1]["are_there"] is False
    assert len(run_query(world.form_id, COLUMNAR).rows) == 1


def test_a_document_database_says_which_index_and_how_many(world, form_store):
    others = FormResponseFactory.build_batch(1000)  # among which an index is worth its while
    form_store.insert_responses(others)
    engine, found = reads(world.form_id, FILTERED)
    if not isinstance(form_store, PipelineStore):
        assert engine == "columnar"
        return
    assert engine == "mongodb"
    assert len(found["indexes"]) == 1
    assert found["indexes"][0].startswith("response_")
    assert (found["documents"] is None) == ("documents" in found["unknown"])


LOOKED_UP = {
    "top": {"field": "note", "top": 3},
    "bins": {"field": "age", "bins": {"count": 4}},
}


@pytest.mark.parametrize("engine", ["columnar", None])
@pytest.mark.parametrize("how", LOOKED_UP)
def test_nothing_of_a_response_is_read_or_in_it(world, store_calls, how, engine):
    group = LOOKED_UP[how]
    query = {"measures": ["count"], "group_by": [group], "engine": engine}
    run_query(world.form_id, query)
    store_calls.clear()
    found = explained(world.form_id, query)
    body = found.json()
    assert (found.status_code, body["looked_up"]) == (200, [group["field"]])
    assert store_calls.keys() <= LOOKS
    text = json.dumps(body | {"reads": None})
    for answer in {str(value) for each in world.live() for value in each.data.values()}:
        assert len(answer) < 4 or answer not in text, answer
    assert body["pipeline"][0]["$group"]["_id"]["d0"]
    assert RARE not in text
    assert "4711" not in text


@pytest.mark.parametrize("query", [COUNT, FILTERED, COLUMNAR, day("hour")], ids=str)
def test_no_engine_reads_responses_to_say_what_it_would_read(world, store_calls, query):
    COLUMNS.clear()
    store_calls.clear()
    assert explained(world.form_id, query).status_code == 200
    assert store_calls["count_responses"] == 1
    assert store_calls.keys() <= LOOKS


def test_a_personal_field_is_as_closed_to_it_as_to_the_query(world, store_calls):
    query = COUNT | {"filter": {"email": "one@example.org"}}
    refused = explained(world.form_id, query)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "personal_data"
    assert store_calls.keys() <= LOOKS - {"count_responses", "explain_responses"}
    both = ["analytics:read", "responses:read"]
    assert explained(world.form_id, query, *both).json()["reads"]


def test_a_form_that_hides_small_groups_hides_what_would_tell_one(form_store):
    form = form_store.insert_form(FormFactory(min_cell=5))
    form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
    world = World(form.id, form_store)
    for _ in range(4):
        world.submit()
    counted(world)
    assert reads(form.id, COUNT) == ("rollup", {"keys": None, "unknown": {"keys": HIDDEN}})
    run_query(form.id, COLUMNAR)
    few = reads(form.id, COLUMNAR)[1]
    assert (few["rows"], few["unknown"]) == (None, {"rows": HIDDEN})
    engine, found = reads(form.id, FILTERED)
    if engine == "mongodb":
        assert (found["documents"], found["unknown"]) == (None, {"documents": HIDDEN})
    world.submit()
    run_query(form.id, COLUMNAR)
    assert reads(form.id, COLUMNAR)[1]["rows"] == 5


@pytest.mark.parametrize("kind", ["server", "cluster"])
def test_numbers_that_cannot_be_read_are_not_called_the_engine(world, kind):
    with away(kind):
        found = explained(world.form_id, COUNT)
    assert found.status_code == 200
    assert found.json()["engine"] != "rollup"
    assert found.json()["refused"]["rollup"] == "the numbers can't be read"


def test_a_disk_that_refuses_is_a_503_as_for_the_query(world, settings, tmp_path):
    settings.ANALYTICS_COLUMNS_PATH = tmp_path / "file"
    settings.ANALYTICS_COLUMNS_PATH.write_text("in the way")
    refused = explained(world.form_id, COLUMNAR)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert "ANALYTICS_COLUMNS_PATH" in refused.json()["detail"]


def test_a_store_that_is_down_is_a_503_as_for_the_query(
    world, form_store, settings, monkeypatch, tmp_path
):
    api = client_of(User.objects.get(username="ada"), scopes=["analytics:read"])
    ask = partial(api.post, url(world.form_id, "query/?explain=1"), FILTERED)
    if isinstance(form_store, PipelineStore):
        settings.MONGO_URL = f"mongodb://127.0.0.1:{free_port()}/formplatform?replicaSet=rs0"
        refused = ask()
    else:
        place = {"NAME": str(tmp_path / "gone" / "db.sqlite3")}
        if connection.vendor == "postgresql":
            place = {"HOST": "127.0.0.1", "PORT": free_port()}
        for name, value in place.items():
            monkeypatch.setitem(connections.settings["default"], name, value)
        with ThreadPoolExecutor(1) as threads:  # whose connection is a new one
            refused = threads.submit(ask).result()
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert refused["Content-Type"] == "application/problem+json"


def test_the_columns_of_a_newer_version_are_others(world, form_store):
    run_query(world.form_id, COLUMNAR)
    before = fields_of_form(world.form_id)
    definition = json.loads(json.dumps(study.DEFINITION))
    definition["fields"].append({"id": "extra", "type": "text", "label": "Extra"})
    newer = FormVersionFactory(form_id=world.form_id, number=2, definition=definition)
    assert form_store.insert_version(newer)
    assert fields_of_form(world.form_id) != before
    assert reads(world.form_id, COLUMNAR)[1]["are_there"] is False
