"""The stores the contract suite runs on."""

import pytest

from formplatform.forms.storage.sql.store import SqlFormStore


@pytest.fixture(params=["sql"])
def store(request, db):
    return SqlFormStore()
