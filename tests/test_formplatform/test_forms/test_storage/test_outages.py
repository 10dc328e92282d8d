"""Contract: a dead or locked store says so quickly, and nothing is left half-written."""

import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, connections
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri

from formplatform.core.errors import UnavailableError
from formplatform.forms.domain import revision_of
from formplatform.forms.ids import new_id
from formplatform.forms.storage.base import FormQuery, FormStore, ResponseFilter, ResponseQuery
from formplatform.forms.storage.mongo import (
    connection as mongo_connection,
    outages as mongo_outages,
)
from formplatform.forms.storage.mongo.documents import ResponseDocument
from formplatform.forms.storage.mongo.store import MongoFormStore
from formplatform.forms.storage.sql import outages as sql_outages
from formplatform.forms.storage.sql.store import SqlFormStore
from tests import not_run
from tests.factories.forms import (
    FormFactory,
    FormResponseFactory,
    FormVersionFactory,
    SessionFactory,
)
from tests.fakes.line import Line

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_SECONDS = 4.0  # 3 seconds are promised; the rest is for a busy machine
FORM_ID = new_id()
FORM, VERSION = FormFactory(id=FORM_ID), FormVersionFactory(form_id=FORM_ID)
RESPONSE, SESSION = FormResponseFactory(form_id=FORM_ID), SessionFactory(form_id=FORM_ID)

WRITES = {
    "insert_form": lambda store: store.insert_form(FORM),
    "replace_form": lambda store: store.replace_form(FORM, expected_revision=1),
    "insert_version": lambda store: store.insert_version(VERSION),
    "insert_response": lambda store: store.insert_response(RESPONSE),
    "insert_responses": lambda store: store.insert_responses([RESPONSE] * 2),
    "replace_response": lambda store: store.replace_response(
        replace(RESPONSE, revision=2), expected_revision=1, previous=revision_of(RESPONSE)
    ),
    "mark_dispatched": lambda store: store.mark_dispatched({RESPONSE.id: 1}, at=NOON),
    "mark_version_dispatched": lambda store: store.mark_version_dispatched(FORM_ID, 1, at=NOON),
    "merge_session": lambda store: store.merge_session(SESSION),
    "mark_sessions_dispatched": lambda store: store.mark_sessions_dispatched(
        {SESSION.id: 1}, at=NOON
    ),
}
READS = {
    "find_form": lambda store: store.find_form(FORM_ID),
    "list_forms": lambda store: store.list_forms(FormQuery()),
    "find_version": lambda store: store.find_version(FORM_ID, 1),
    "list_versions": lambda store: store.list_versions(FORM_ID),
    "find_response": lambda store: store.find_response(FORM_ID, RESPONSE.id),
    "find_keyed_response": lambda store: store.find_keyed_response(FORM_ID, "key"),
    "find_responses": lambda store: store.find_responses([RESPONSE.id]),
    "find_revisions": lambda store: store.find_revisions([(RESPONSE.id, 1)]),
    "page_responses": lambda store: store.page_responses(ResponseQuery(form_id=FORM_ID)),
    "count_responses": lambda store: store.count_responses(FORM_ID),
    "scan_responses": lambda store: list(store.scan_responses(FORM_ID)),
    "count_matching": lambda store: store.count_matching(ResponseFilter(form_id=FORM_ID)),
    "scan_matching": lambda store: list(store.scan_matching(ResponseFilter(form_id=FORM_ID))),
    "scan_changes": lambda store: list(store.scan_changes(FORM_ID)),
    "find_undispatched": lambda store: store.find_undispatched(before=NOON, limit=1),
    "is_waiting": lambda store: store.is_waiting("a" * 24, before=NOON),
    "find_undispatched_versions": lambda store: store.find_undispatched_versions(
        before=NOON, limit=1
    ),
    "find_session": lambda store: store.find_session(FORM_ID, SESSION.id),
    "find_sessions": lambda store: store.find_sessions([SESSION.id]),
    "find_undispatched_sessions": lambda store: store.find_undispatched_sessions(
        before=NOON, limit=1
    ),
    "scan_sessions": lambda store: list(store.scan_sessions(FORM_ID)),
    "day_hashes": lambda store: store.day_hashes(FORM_ID, since=NOON, until=NOON),
    "change_mark": lambda store: store.change_mark(FORM_ID),
    "ensure_indexes": lambda store: store.ensure_indexes(),
    "ping": lambda store: store.ping(),
}
EVERYTHING = WRITES | READS


def outcome(store, act):
    """What a call on a broken store raised, and after how many seconds."""
    began = time.monotonic()
    try:
        answer = act(store)
    except UnavailableError as error:
        return error.transient and error.status == 503, time.monotonic() - began
    finally:
        connections.close_all()
    return f"answered {answer!r}", time.monotonic() - began


def outcomes(store, acts):
    """Of all calls at the same time: a dead store may be asked by many."""
    with ThreadPoolExecutor(len(acts)) as threads:
        found = threads.map(lambda act: outcome(store, act), acts.values())
        return dict(zip(acts, found, strict=True))


def assert_unavailable(store, acts):
    found = outcomes(store, acts)
    assert {name: raised for name, (raised, _) in found.items()} == dict.fromkeys(acts, True)
    slow = {name: seconds for name, (_, seconds) in found.items() if seconds > PATIENCE_SECONDS}
    assert slow == {}


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def database_elsewhere(**place):
    """Point every new SQL connection somewhere else for a while."""
    given = {name: connections.settings["default"][name] for name in place}
    connections.close_all()
    connections.settings["default"].update(place)
    try:
        yield
    finally:
        connections.close_all()
        connections.settings["default"].update(given)


def test_every_method_of_the_port_is_tried():
    methods = {name for name in vars(FormStore) if not name.startswith("_")}
    assert set(EVERYTHING) == methods - {"name"}


def test_a_dead_store_is_unavailable_to_every_call(real_store, adapter, settings, tmp_path):
    if adapter == "mongo":
        settings.MONGO_URL = f"mongodb://127.0.0.1:{closed_port()}/formplatform?replicaSet=rs0"
        assert_unavailable(real_store, EVERYTHING)
        return
    nowhere = {"NAME": str(tmp_path / "gone" / "db.sqlite3")}
    if connection.vendor == "postgresql":
        nowhere = {"HOST": "127.0.0.1", "PORT": closed_port()}
    with database_elsewhere(**nowhere):
        assert_unavailable(real_store, EVERYTHING)


@pytest.mark.engine
def test_a_document_store_that_dies_is_unavailable_until_it_is_back(engine_url, settings):
    parts = parse_uri(engine_url)
    line = Line(*parts["nodelist"][0])
    settings.MONGO_URL = (
        f"mongodb://127.0.0.1:{line.port}/{parts['database']}?directConnection=true"
    )
    store = MongoFormStore()
    store.insert_response(RESPONSE)
    line.cut()
    assert_unavailable(store, EVERYTHING)
    with pytest.raises(UnavailableError):
        store.aggregate_responses(FORM_ID, [{"$count": "n"}], max_time_ms=1000)
    with pytest.raises(UnavailableError):
        store.explain_responses(FORM_ID, [{"$count": "n"}], max_time_ms=1000)
    line.mend()
    assert store.find_responses([RESPONSE.id]) == [RESPONSE]
    assert store.find_revisions([(RESPONSE.id, 1), (RESPONSE.id, 2)]) == [revision_of(RESPONSE)]
    line.cut()


def test_a_postgresql_that_dies_is_unavailable_until_it_is_back(request, transactional_db):
    if connection.vendor != "postgresql":
        not_run.report(request, "needs DATABASE_URL: a PostgreSQL")
    place, store = connections.settings["default"], SqlFormStore()
    line = Line(place["HOST"], int(place["PORT"]))
    with database_elsewhere(HOST="127.0.0.1", PORT=line.port):
        store.insert_response(RESPONSE)
        line.cut()
        with pytest.raises(UnavailableError):  # on the connection that was open
            store.find_responses([RESPONSE.id])
        assert_unavailable(store, EVERYTHING)
        line.mend()
        assert store.find_responses([RESPONSE.id]) == [RESPONSE]
        line.cut()


def test_a_locked_sqlite_refuses_writes_but_answers_readers(request, transactional_db):
    if connection.vendor != "sqlite":
        not_run.report(request, "needs SQLite: no DATABASE_URL")
    store = SqlFormStore()
    store.insert_response(RESPONSE)
    options = connections.settings["default"]["OPTIONS"] | {"timeout": 0.2}
    with sqlite_locked(connection.settings_dict["NAME"]), database_elsewhere(OPTIONS=options):
        assert_unavailable(store, WRITES)
        assert store.find_responses([RESPONSE.id]) == [RESPONSE]
        assert store.find_revisions([(RESPONSE.id, 1)]) == [revision_of(RESPONSE)]
    assert store.find_form(FORM_ID) is None
    for write in WRITES.values():
        write(store)
    assert store.find_response(FORM_ID, RESPONSE.id).revision == 2


@contextmanager
def sqlite_locked(file):
    """Another process writes, for a long time."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def test_a_mistake_of_ours_is_not_called_an_outage_of_sql(transactional_db):
    with pytest.raises(DatabaseError), sql_outages.answering(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


@pytest.mark.engine
def test_a_mistake_of_ours_is_not_called_an_outage_of_mongodb(engine_url, settings):
    settings.MONGO_URL = engine_url
    responses = mongo_connection.collection(ResponseDocument)
    with pytest.raises(OperationFailure), mongo_outages.answering():
        responses.aggregate([{"$nonsense": 1}])
