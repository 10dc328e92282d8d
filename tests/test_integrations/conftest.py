"""Fixtures of the integrations: loopback as an allowed network, names without a name server."""

import socket
from ipaddress import ip_network

import pytest
from django.contrib.auth import get_user_model

from formplatform.core import clock
from formplatform.core.publishing import publish
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.endpoints import EndpointForm, create_webhook
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.fakes.certificates import Authority


@pytest.fixture
def loopback(settings):
    """Deliveries may go to this machine."""
    settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def names(monkeypatch):
    """Host name → addresses. A name that is not in it does not resolve; a callable is asked."""
    known: dict[str, object] = {}
    real = socket.getaddrinfo

    def resolve(host, port, *args):
        answer = known.get(host)
        if callable(answer):
            answer = answer()
        if answer is None and host[0] not in "0123456789:":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for text in answer or [host] for found in real(text, port, *args)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.fixture
def owner():
    return get_user_model().objects.create_user("olga")


@pytest.fixture
def survey(owner):
    """A published form with one personal field, in the form store."""
    form = FormFactory(owner_id=owner.pk, current_version=1)
    get_store().insert_form(form)
    get_store().insert_version(FormVersionFactory(form_id=form.id))
    return form


@pytest.fixture
def submit(survey):
    """Stores a response and hands its event to the webhooks, as the outbox would."""

    def submit(*, form=survey, **data):
        response = FormResponseFactory(form_id=form.id, data=data or {"name": "Ada", "vote": "yes"})
        get_store().insert_response(response)
        event = ResponseSubmitted(
            id=f"evt_{response.id}_1",
            occurred_at=clock.to_text(response.submitted_at),
            form_id=form.id,
            response_id=response.id,
            revision=1,
            version=1,
        )
        publish([event])
        return event

    return submit


@pytest.fixture
def subscribe(owner, survey):
    """Makes an endpoint; returns it with its secret."""

    def subscribe(url, *, form_id=survey.id, events=("response.submitted",), **wanted):
        form = EndpointForm(url=url, events=events, **wanted)
        webhook, secret = create_webhook(form, owner_id=owner.pk, form_id=form_id)
        return webhook, secret

    return subscribe
