"""A real worker with a long import before it: what people do meanwhile is not held up."""

import io
import threading
import time

import pytest
from django.conf import settings

from analytics.metrics import metrics_of
from formplatform.core.actors import Actor
from formplatform.core.connections import broker
from formplatform.forms import catalog, imports, publishing
from formplatform.forms.exports import Format
from formplatform.forms.storage.registry import get_store
from formplatform.forms.submissions import submit_response
from integrations.webhooks import endpoints
from integrations.webhooks.models import Delivery
from integrations.webhooks.queue import doorbell
from tests.factories.forms import definition
from tests.fakes.forked_platform import Platform
from tests.fakes.message_queue import real_messages, work_off

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

ROWS = 2000


@pytest.fixture
def worker(django_db_setup):
    """Works, in a thread of ours, until nothing waits."""
    platform = Platform()
    thread = threading.Thread(target=platform.run, args=("work",))
    yield thread
    thread.join(120)
    platform.close()


@pytest.fixture
def ada(django_user_model):
    return Actor(user_id=django_user_model.objects.create_user("ada").pk)


@pytest.fixture
def forms(form_store, settings, monkeypatch, ada):
    """Two published forms; the second has a webhook. Messages wait in the broker."""
    monkeypatch.setattr(doorbell, "_ring", lambda: None)
    monkeypatch.setattr(imports, "BATCH", 50)
    with real_messages(settings):
        made = [
            catalog.create_form(actor=ada, title=title, definition=definition())
            for title in ("History", "Today")
        ]
        for form in made:
            publishing.publish_form(form, actor=ada)
        wanted = endpoints.EndpointForm(
            url="https://example.com/hook", events=["response.submitted"]
        )
        endpoints.create_webhook(wanted, owner_id=ada.user_id, form_id=made[1].id)
        work_off()
        yield [get_store().find_form(form.id) for form in made]


def imports_waiting():
    return broker().llen(settings.IMPORT_QUEUE)


def wait_for(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def test_a_response_is_counted_and_its_webhook_made_while_an_import_waits(forms, worker, ada):
    history, today = forms
    rows = io.BytesIO(b"".join(b'{"age": %d}\n' % (n % 90) for n in range(ROWS)))
    imports.import_stream(history, rows, file_format=Format.NDJSON, actor=ada, largest=10**6)
    assert imports_waiting() == ROWS / imports.BATCH
    worker.start()
    wait_for(lambda: broker().hlen("unacked"))

    response, _ = submit_response(today, {"age": 7}, actor=ada)
    wait_for(lambda: get_store().find_response(today.id, response.id).dispatched_revision)
    left = imports_waiting()

    assert left > ROWS / imports.BATCH / 2
    assert metrics_of(today.id)["total_responses"] == 1
    assert Delivery.objects.get().event_id == f"evt_{response.id}_1"
    worker.join(120)
    assert imports_waiting() == 0
    assert metrics_of(history.id)["total_responses"] == ROWS
