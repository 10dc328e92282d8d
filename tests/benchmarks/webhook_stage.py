"""Forms, endpoints and events for the webhooks' benchmark."""

from formplatform.core import clock
from formplatform.core.actors import Actor
from formplatform.forms.catalog import create_form
from formplatform.forms.domain import FormResponse
from formplatform.forms.ids import new_id
from formplatform.forms.owed import events_of_responses
from formplatform.forms.publishing import publish_form
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.endpoints import EndpointForm, create_webhook
from tests.subscriptions import DEFINITION

ANSWERS = {"name": "Ada Lovelace", "age": 36, "choice_1": "yes"}


def make_forms(titles):
    """Published forms by title."""
    from django.contrib.auth.models import User

    owner = User.objects.filter(is_superuser=True).earliest("pk")
    made = {}
    for title in titles:
        form = create_form(actor=Actor(user_id=owner.pk), title=title, definition=DEFINITION)
        publish_form(form, actor=Actor(user_id=owner.pk))
        made[title] = get_store().find_form(form.id)
    return made


def make_endpoint(form, url):
    wanted = EndpointForm(url=url, events=["response.submitted"])
    webhook, secret = create_webhook(wanted, owner_id=form.owner_id, form_id=form.id)
    return {"id": webhook.pk, "secret": secret}


def make_events(form, count):
    """The events of so many new responses."""
    now = clock.now()
    responses = [
        FormResponse(
            id=new_id(),
            form_id=form.id,
            version=form.current_version,
            data=ANSWERS,
            submitted_at=now,
            updated_at=now,
        )
        for _ in range(count)
    ]
    get_store().insert_responses(responses)
    return list(events_of_responses(responses))
