"""The stores the contract suite runs on: the SQL database of the run, MongoDB, its imitation."""

import os

import mongomock_ng
import pytest

from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.documents import DOCUMENTS
from formplatform.forms.storage.mongo.store import MongoFormStore
from formplatform.forms.storage.sql.store import SqlFormStore

IMITATION_URL = "mongodb://imitation/formplatform"
ENGINE = pytest.param("mongo", marks=pytest.mark.engine)
ADAPTERS = ["sql", ENGINE] + ([] if os.environ.get("MONGO_TEST_URL") else ["imitation"])


@pytest.fixture(scope="session")
def imitation_url():
    """PyMongo imitated in this process: where there is no engine, as far as it goes."""
    connection.open_connection(IMITATION_URL, mongo_client_class=mongomock_ng.MongoClient)
    return IMITATION_URL


@pytest.fixture(scope="session", params=ADAPTERS)
def adapter(request):
    """Session-wide, so that pytest runs all tests of one store before those of the next."""
    return request.param


@pytest.fixture
def store(adapter, request, settings):
    if adapter == "sql":
        return SqlFormStore()
    fixture = {"mongo": "engine_url", "imitation": "imitation_url"}[adapter]
    settings.MONGO_URL = request.getfixturevalue(fixture)
    store = MongoFormStore()
    store.ensure_indexes()
    for document in DOCUMENTS:
        connection.collection(document).delete_many({})
    return store
