"""A platform for a fuzzer: ``python -m tests.fakes.fuzzed_platform``.

Prints as one line of JSON where it listens, how to sign in, and what there is to ask for: one thing
of every kind in `parameters`, and another one to delete in `doomed`. Stops at the end of its input.
"""

import json
import sys

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after django.setup
from django.test import Client  # noqa: E402

from analytics import saved_queries  # noqa: E402
from formplatform.core.actors import Actor  # noqa: E402
from formplatform.core.api_keys import SCOPES, create_key  # noqa: E402
from formplatform.core.clock import now  # noqa: E402
from formplatform.core.embedded import ensure_stores  # noqa: E402
from formplatform.core.preparation import prepare  # noqa: E402
from formplatform.core.stack import running_stack  # noqa: E402
from formplatform.demo.study import load_study  # noqa: E402
from formplatform.forms import access, catalog, publishing, submissions  # noqa: E402
from formplatform.forms.storage.registry import get_store  # noqa: E402
from integrations.webhooks import endpoints  # noqa: E402
from integrations.webhooks.models import Delivery  # noqa: E402
from integrations.webhooks.repeating import dead_letters  # noqa: E402
from reporting.definitions import definition_of  # noqa: E402
from reporting.scheduler import runs  # noqa: E402
from reporting.scheduler.planning import create_schedule  # noqa: E402
from reporting.scheduler.schedules import queue_run  # noqa: E402

NOWHERE = "http://127.0.0.1:9/"
"""An endpoint on this machine that nobody serves."""
ONCE_A_YEAR = {"cadence": "cron", "cron": "0 8 1 1 *"}


def published(actor):
    study = load_study()
    form = catalog.create_form(actor=actor, title=study.title, definition=study.definition)
    publishing.publish_form(form, actor=actor)
    form = get_store().find_form(form.id)
    responses = [
        submissions.submit_response(form, each, actor=actor)[0] for each in study.answers[:30]
    ]
    return form, responses


def one_of_each(user, actor, form, response):
    """Ids by the name of their parameter."""
    wanted = endpoints.EndpointForm(url=NOWHERE, events=["form.published"])
    webhook, _ = endpoints.create_webhook(wanted, owner_id=user.pk, form_id=form.id)
    report = queue_run(
        form_id=form.id,
        title="R",
        definition=definition_of(form, {}).to_json(),
        user_id=user.pk,
    )
    runs.execute(report.pk)
    delivery = endpoints.send_test(webhook)
    dead_letters.bury(
        Delivery.objects.filter(pk=delivery.pk), reason=Delivery.DeadReason.EXHAUSTED, at=now()
    )
    query = {"form_id": form.id, "name": "Q", "query": {"aggregate": "count"}}
    member = User.objects.create_user(f"member{User.objects.count()}")
    access.share_form(form, user_id=member.pk, role=access.Role.VIEWER)
    return {
        "form_id": form.id,
        "response_id": response.id,
        "number": 1,
        "username": member.get_username(),
        "field": "vote",
        "webhook_id": webhook.pk,
        "delivery_id": delivery.pk,
        "report_id": report.pk,
        "schedule_id": create_schedule(form, ONCE_A_YEAR, owner_id=user.pk).pk,
        "query_id": saved_queries.create_query(actor, query).pk,
        "key_id": create_key(user, name="another", scopes=["forms:read"])[0].pk,
        "name": "noop",
    }


def session_of(user):
    """The headers of a browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    csrf = "c" * 32
    session = client.cookies["sessionid"].value
    return {"Cookie": f"sessionid={session}; csrftoken={csrf}", "X-CSRFToken": csrf}


def world():
    user = User.objects.create_superuser("fuzz")
    actor = Actor(user_id=user.pk, is_staff=True)
    _, token = create_key(user, name="fuzz", scopes=SCOPES)
    form, responses = published(actor)
    kept = one_of_each(user, actor, form, responses[0])
    # What is deleted below the form that stays belongs to it; the form to delete is another.
    doomed = {**one_of_each(user, actor, form, responses[1]), "form_id": form.id}
    return {
        "key": {"Authorization": f"Bearer {token}"},
        "session": session_of(user),
        "parameters": kept,
        "doomed": doomed,
        "doomed_form": published(actor)[0].id,
    }


def main():
    ensure_stores()
    prepare()
    known = world()
    with running_stack(0) as (_, port):
        print(json.dumps({**known, "port": port}), flush=True)  # noqa: T201 - the protocol
        sys.stdin.read()


if __name__ == "__main__":
    main()
