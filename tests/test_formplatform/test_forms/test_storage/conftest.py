"""The stores the contract suite runs on: the SQL database of the run, MongoDB, its imitation."""

import os
from functools import partial

import mongomock_ng
import pytest
from mongomock_ng.store import ServerStore

from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.store import MongoFormStore
from formplatform.forms.storage.sql.store import SqlFormStore
from tests import not_run
from tests.conftest import empty_collections

# PyMongo imitated in this process: where there is no engine, as far as it goes.
IMITATION_URL = "mongodb://imitation/formplatform"
ENGINE = pytest.param("mongo", marks=pytest.mark.engine)
ADAPTERS = ["sql", ENGINE] + ([] if os.environ.get("MONGO_TEST_URL") else ["imitation"])


@pytest.fixture(scope="session", params=ADAPTERS)
def adapter(request):
    """Session-wide, so that pytest runs all tests of one store before those of the next."""
    return request.param


@pytest.fixture
def store(adapter, request, settings):
    if adapter == "sql":
        return SqlFormStore()
    if adapter == "imitation":
        settings.MONGO_URL = IMITATION_URL
        client = partial(mongomock_ng.MongoClient, _store=ServerStore())
        connection.open_connection(IMITATION_URL, mongo_client_class=client)
    else:
        settings.MONGO_URL = request.getfixturevalue("engine_url")
    store = MongoFormStore()
    store.ensure_indexes()
    empty_collections()
    return store


@pytest.fixture
def real_store(store, adapter, request, transactional_db, settings):
    """A store that threads and processes can share; SQL rows outlive the transaction."""
    if adapter == "imitation":
        not_run.report(request, "the imitation of MongoDB is not safe for threads")
    if adapter == "mongo":
        # The engine's unique indexes are exclusion constraints: racing inserts of one key may
        # deadlock there, and each round takes its deadlock detector a second.
        settings.MONGO_URL += "&socketTimeoutMS=30000"
    return store
