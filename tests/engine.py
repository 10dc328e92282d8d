"""The real document engine, where MONGO_TEST_URL names one."""

import os
import uuid

import pymongo
import pytest
from pymongo.uri_parser import parse_uri


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
