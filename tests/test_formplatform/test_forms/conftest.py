import pytest

from formplatform.core import events
from formplatform.core.actors import Actor
from formplatform.core.events import Subscriber
from formplatform.forms import catalog, publishing
from formplatform.forms.events import (
    FormPublished,
    ResponseDeleted,
    ResponseSubmitted,
    ResponseUpdated,
    SessionAdvanced,
)
from formplatform.forms.storage.registry import get_store
from tests.factories.forms import definition

EVERYTHING = {
    "fields": [
        {"id": "name", "type": "text", "label": "Your name", "pii": True},
        {"id": "story", "type": "long_text", "label": "Your story"},
        {"id": "age", "type": "integer", "label": "Your age", "minimum": -5},
        {"id": "height", "type": "number", "label": "Height"},
        {"id": "member", "type": "boolean", "label": "Member"},
        {"id": "born", "type": "date", "label": "Born"},
        {"id": "seen", "type": "datetime", "label": "Seen"},
        {"id": "at", "type": "time", "label": "At"},
        {"id": "vote", "type": "choice", "label": "Vote", "options": ["Yes", "No"]},
        {"id": "dishes", "type": "multi_choice", "label": "Dishes", "options": ["Soup", "Stew"]},
        {"id": "order", "type": "ranking", "label": "Order", "options": ["A", "B", "C"]},
        {
            "id": "grid",
            "type": "matrix",
            "label": "Grid",
            "rows": ["Food", "Room"],
            "columns": ["Good", "Bad"],
        },
        {"id": "stars", "type": "rating", "label": "Stars"},
        {"id": "paper", "type": "file", "label": "Paper"},
        {"id": "double", "type": "calculated", "label": "Double", "expression": "age * 2"},
    ]
}

HEARD = (ResponseSubmitted, ResponseUpdated, ResponseDeleted, SessionAdvanced, FormPublished)


@pytest.fixture
def ada():
    return Actor(user_id=1)


@pytest.fixture
def form(form_store, ada):
    """A published form."""
    draft = catalog.create_form(actor=ada, title="Lunch", definition=definition())
    publishing.publish_form(draft, actor=ada)
    return get_store().find_form(draft.id)


@pytest.fixture
def heard(monkeypatch):
    """Every event of the forms domain that is delivered from here on, to nobody else."""
    found = []
    listener = Subscriber("tests.listen", tuple(e.name for e in HEARD), found.extend)
    monkeypatch.setattr(events, "_subscribers", {"tests.listen": listener})
    return found


@pytest.fixture
def survey(form_store, ada):
    draft = catalog.create_form(actor=ada, title="Everything", definition=EVERYTHING)
    publishing.publish_form(draft, actor=ada)
    return get_store().find_form(draft.id)
