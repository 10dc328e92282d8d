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
