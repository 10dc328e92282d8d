"""The stores the contract suite runs on: the SQL database of the run, MongoDB, its imitation."""

import os
import uuid

import mongomock_ng
import pymongo
import pytest
from pymongo.uri_parser import parse_uri

from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.documents import DOCUMENTS
from formplatform.forms.storage.mongo.store import MongoFormStore
from formplatform.forms.storage.sql.store import SqlFormStore

IMITATION_URL = "mongodb://imitation/formplatform"
ENGINE = pytest.param("mongo", marks=pytest.mark.engine)
ADAPTERS = ["sql", ENGINE] + ([] if os.environ.get("MONGO_TEST_URL") else ["imitation"])


@pytest.fixture(scope="session")
def engine_url():
    """The real engine, with a database of this run's own, dropped at the end."""
    name = f"fp_test_{uuid.uuid4().hex[:12]}"
    servers, _, rest = os.environ["MONGO_TEST_URL"].partition("://")[2].partition("/")
    url = f"mongodb://{servers}/{name}?{rest.partition('?')[2]}"
    yield url
    assert parse_uri(url)["database"] == name
    with pymongo.MongoClient(url) as client:
        client.drop_database(name)


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
