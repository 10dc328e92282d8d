"""A published form with somebody who owns it, submits to it and subscribes to it."""

import pytest
from django.contrib.auth import get_user_model

from formplatform.core import clock
from formplatform.core.actors import Actor
from formplatform.forms.catalog import create_form
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from integrations.webhooks.endpoints import EndpointForm, create_webhook
from integrations.webhooks.models import Delivery
from integrations.webhooks.queue import lanes

DEFINITION = {
    "fields": [
        {"id": "name", "type": "text", "label": "Your name", "pii": True},
        {"id": "age", "type": "integer", "label": "Your age"},
        {
            "id": "choice_1",
            "name": "vote",
            "type": "choice",
            "label": "Your vote",
            "options": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}],
        },
    ]
}


def make_due():
    """Every unfinished delivery's next attempt is due now."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    lanes.sweep()


@pytest.fixture
def owner():
    return get_user_model().objects.create_user("olga")


@pytest.fixture
def actor(owner):
    return Actor(user_id=owner.pk)


@pytest.fixture
def survey(actor):
    """A published form with one personal field."""
    form = create_form(actor=actor, title="Club survey", definition=DEFINITION)
    publish_form(form, actor=actor)
    return get_store().find_form(form.id)


@pytest.fixture
def submit(survey, actor):
    """Submits a response, which is published in place; returns it."""

    def submit(**answers):
        response, _ = submit_response(survey, answers or {"vote": "yes"}, actor=actor)
        return response

    return submit


@pytest.fixture
def subscribe(owner, survey):
    """Makes an endpoint; returns it with its secret."""

    def subscribe(url, *, form_id=survey.id, events=("response.submitted",), **wanted):
        form = EndpointForm(url=url, events=events, **wanted)
        webhook, secret = create_webhook(form, owner_id=owner.pk, form_id=form_id)
        return webhook, secret

    return subscribe
