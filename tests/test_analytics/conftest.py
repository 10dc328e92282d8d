"""A published form of every kind of field, and where to count."""

import pytest

from analytics import aggregator
from analytics.aggregator import FormAggregator
from analytics.columns import COLUMNS
from analytics.fields import form_fields
from formplatform.forms.ids import new_id
from tests.test_analytics import study
from tests.test_analytics.servers import Server


@pytest.fixture(autouse=True)
def empty_memory():
    """What a process keeps in memory belongs to one test."""
    COLUMNS.clear()
    form_fields.fields_of_version.cache_clear()


@pytest.fixture
def form_id(form_store):
    """A form with one published version and no responses."""
    identifier = new_id()
    form_store.insert_version(study.version(identifier))
    return identifier


@pytest.fixture
def count_in(monkeypatch):
    """Makes everything count with another client than the configured one."""

    def use(client):
        live = FormAggregator(client)
        monkeypatch.setattr(aggregator, "current", lambda: live)
        monkeypatch.setattr(aggregator, "reader", lambda: live)
        monkeypatch.setattr("analytics.rebuild.numbers", lambda: client)
        return live

    return use


@pytest.fixture
def server():
    """A Redis of the test's own."""
    server = Server()
    yield server
    server.close()
