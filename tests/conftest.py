"""Fixtures of the whole suite: real stores, emptied between tests."""

import signal

import pytest
from django.conf import settings

from formplatform.core.connections import numbers
from formplatform.core.embedded import ensure_stores, stores_in
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.documents import DOCUMENTS
from formplatform.forms.storage.registry import get_store
from plugins.registry import forget_active

pytest_plugins = [
    "tests.not_run",
    "tests.own_stores",
    "tests.storeless",
    "tests.engine",
    "tests.redis_cluster",
    "tests.subscriptions",
]


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """A shell starts what runs in the background deaf to Ctrl-C, and so all that starts in turn."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def stores():
    """The embedded Valkey of this run, where no other Redis is configured."""
    ensure_stores()
    yield
    if settings.EMBEDDED_REDIS:
        stores_in(settings.DATA_DIRECTORY).stop(wait_seconds=5)


@pytest.fixture(autouse=True)
def empty_redis(stores):
    """Every test starts without numbers and caches."""
    numbers().flushdb()


@pytest.fixture(autouse=True)
def database(db):
    """Every test may use the SQL database; its transaction is rolled back."""


@pytest.fixture(autouse=True)
def no_plugins():
    """No plugin that a test before switched on is remembered."""
    forget_active()


@pytest.fixture(scope="session")
def mongo():
    """The MongoDB database of this run, where one is configured; dropped at the end."""
    if settings.FORM_STORE != "mongo":
        yield None
        return
    get_store().ensure_indexes()
    yield settings.MONGO_URL
    database = connection.collection(DOCUMENTS[0]).database
    database.client.drop_database(database.name)


@pytest.fixture(autouse=True)
def form_store(database, mongo):
    """The configured form store, empty: SQL rolls back, MongoDB's collections are emptied."""
    if mongo is not None:
        empty_collections()
    return get_store()


def empty_collections():
    for document in DOCUMENTS:
        connection.collection(document).delete_many({})
