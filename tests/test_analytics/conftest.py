"""A published form of every kind of field, and where to count."""

import pytest

from analytics import form_fields
from analytics.frames import FRAMES
from formplatform.forms.ids import new_id
from tests.test_analytics import study


@pytest.fixture(autouse=True)
def empty_memory():
    """What a process keeps in memory belongs to one test."""
    FRAMES.clear()
    form_fields.fields_of_version.cache_clear()


@pytest.fixture
def form_id(form_store):
    """A form with one published version and no responses."""
    identifier = new_id()
    form_store.insert_version(study.version(identifier))
    return identifier
