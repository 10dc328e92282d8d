"""Columns in a directory of the test's own."""

import pytest

from analytics.columns import COLUMNS, following
from analytics.columns.folder import Folder
from analytics.fields.form_fields import fields_of_form
from tests.test_analytics.test_columns.log import Log
from tests.test_analytics.test_columns.processes import Process


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.ANALYTICS_COLUMNS_PATH = tmp_path / "columns"
    return settings.ANALYTICS_COLUMNS_PATH


@pytest.fixture
def log(form_id, form_store):
    """A form with ten responses of now."""
    log = Log(form_id, form_store)
    log.submit(*({"age": 1} for _ in range(10)))
    return log


@pytest.fixture
def folder(form_id):
    return Folder.of(form_id, fields_of_form(form_id))


@pytest.fixture
def start(transactional_db, root):
    """Starts processes that do as they are told."""
    started = []

    def process():
        started.append(Process(root))
        return started[-1]

    yield process
    for each in started:
        each.end()


@pytest.fixture
def reads(monkeypatch):
    """Of every reading of the store: whether it was of everything, and how many rows it gave."""
    seen = []
    read = following.get_store

    class Watching:
        def __init__(self, store):
            self.store = store

        def __getattr__(self, name):
            return getattr(self.store, name)

        def scan_changes(self, form_id, *, since=None, batch=1000):
            seen.append((since is None, 0))
            for rows in self.store.scan_changes(form_id, since=since, batch=batch):
                seen[-1] = (since is None, seen[-1][1] + len(rows))
                yield rows

    monkeypatch.setattr(following, "get_store", lambda: Watching(read()))
    return seen


@pytest.fixture
def ages():
    """The ages of a form's responses as the columns say, in order."""

    def read(form_id):
        scan = COLUMNS.get(form_id, fields_of_form(form_id))
        found = scan.frame.select("data.age").collect()["data.age"].sort().to_list()
        assert scan.rows == len(found)
        return found

    return read
