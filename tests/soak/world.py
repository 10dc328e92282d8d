"""The endpoints of the webhooks' soak, the events they are told of, and their receivers."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FORMS = 9
SMALL = FORMS - 1
"""The form of the endpoints that take a second per message."""
SMALL_SHARE = 50
EDITED = (0, 1)
"""Forms whose responses are edited, so that there is an order per response."""
REVISIONS = 4
EVERY = tuple(range(FORMS))
PERSISTENT = [0, 0.3, 0.5, *[1] * 5, *[2] * 12]
BRIEF = [0, 0.2]
SIZES = (1, 20, 100, 200)
LEAST = 5
LINE_BYTES = 150
"""Of the receivers' ledger."""


@dataclass(frozen=True)
class Hook:
    """An endpoint: how its receiver behaves and what must come of it."""

    name: str
    behaviour: str
    forms: tuple[int, ...]
    scheme: str = "http"
    ordering: str = "none"
    rate: int | None = None
    reasons: frozenset[str] | None = None
    """Why its messages may be given up; None where every one must arrive."""


def dead(*reasons: str) -> frozenset[str]:
    return frozenset(reasons)


HOOKS = (
    Hook("plain", "answer", EVERY),
    Hook("encrypted", "answer", (2,), "https"),
    Hook("strict", "answer", EVERY, ordering="endpoint"),
    Hook("strict-encrypted", "answer", (2,), "https", ordering="endpoint"),
    Hook("strict-flapping", "flap", (3,), ordering="endpoint"),
    Hook("keyed", "answer", (0,), ordering="key"),
    Hook("keyed-flapping", "flap", (1,), ordering="key"),
    Hook("limited", "answer", (4,), rate=6000),
    Hook("slow", "wait 0.2", (5,)),
    Hook("flapping", "flap", (6,)),
    Hook("asks-for-patience", "limit", (7,)),
    Hook("hangs-up", "close", (3,)),
    Hook("flooding", "flood", (SMALL,)),
    Hook("dripping", "drip", (SMALL,)),
    Hook("failing", "answer 500", (SMALL,), reasons=dead("exhausted", "disabled")),
    Hook("hanging", "hang", (SMALL,), reasons=dead("exhausted", "disabled")),
    Hook("redirecting", "answer 302|Location: /plain", (7,), reasons=dead("exhausted")),
    Hook("gone", "answer 410", (6,), reasons=dead("gone", "disabled")),
    Hook("babbling", "answer", (SMALL,), "garbage", reasons=dead("exhausted", "disabled")),
    Hook("private", "answer", (5,), reasons=dead("refused")),
)
PRIVATE_URL = "http://10.1.2.3/private"


class World:
    """A context manager: the receivers run inside of it."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory = directory
        self.random = random.Random(seed)
        self.ledger = directory / "ledger.jsonl"
        self.events: list[list] = []
        """By form, in the order of what happened."""
        self.ids: dict[str, str] = {}
        """Endpoint by name."""
        self._told = {
            "ledger": str(self.ledger),
            "seed": seed,
            "certificate": str(directory / "127.0.0.1.pem"),
            "hooks": {},
        }

    def __enter__(self) -> "World":
        self._make_forms()
        file = self.directory / "hooks.json"
        file.write_text(json.dumps(self._told))
        self._receivers = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.crowd", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ports = json.loads(self._receivers.stdout.readline())
        self._told["hooks"] = {hook.name: self._make_endpoint(hook, ports) for hook in HOOKS}
        file.write_text(json.dumps(self._told))
        return self

    def __exit__(self, *_: object) -> None:
        self._receivers.stdin.close()
        self._receivers.wait(10)

    def _make_forms(self) -> None:
        from django.contrib.auth.models import User

        from formplatform.core.actors import Actor
        from formplatform.forms.catalog import create_form
        from formplatform.forms.publishing import publish_form
        from formplatform.forms.storage.registry import get_store
        from tests.test_analytics import study

        self.owner = User.objects.filter(is_superuser=True).earliest("pk")
        actor, self.forms = Actor(user_id=self.owner.pk), []
        for number in EVERY:
            form = create_form(actor=actor, title=f"Soak {number}", definition=study.DEFINITION)
            publish_form(form, actor=actor)
            self.forms.append(get_store().find_form(form.id))

    def _make_endpoint(self, hook: Hook, ports: dict[str, int]) -> dict:
        from integrations.webhooks.endpoints import EndpointForm, create_webhook
        from integrations.webhooks.events import DELIVERABLE_NAMES

        scheme = "http" if hook.scheme == "http" else "https"
        wanted = EndpointForm(
            url=f"{scheme}://127.0.0.1:{ports[hook.scheme]}/{hook.name}",
            events=[name for name in DELIVERABLE_NAMES if name.startswith("response.")],
            description=hook.name,
        )
        form_id = self.forms[hook.forms[0]].id if len(hook.forms) == 1 else ""
        webhook, secret = create_webhook(wanted, owner_id=self.owner.pk, form_id=form_id)
        if hook.name == "private":
            webhook.url = PRIVATE_URL
        webhook.ordering = hook.ordering
        webhook.rate_per_minute = hook.rate
        webhook.retry_delays = PERSISTENT if hook.reasons is None else BRIEF
        webhook.save()
        self.ids[hook.name] = webhook.pk
        return {"behaviour": hook.behaviour, "secrets": [secret]}

    def make_events(self, count: int) -> None:
        """In equal parts for the forms, but few for the small one."""
        small = max(count // SMALL_SHARE, LEAST)
        part, rest = divmod(count - small, SMALL)
        for number, form in enumerate(self.forms):
            size = small if number == SMALL else part + (rest if number == 0 else 0)
            self.events.append(self._events_of(form, size, edited=number in EDITED))

    def _events_of(self, form, count: int, *, edited: bool) -> list:
        from django.db import transaction

        from formplatform.core import clock
        from formplatform.forms.domain import FormResponse
        from formplatform.forms.ids import new_id
        from formplatform.forms.storage.registry import get_store
        from tests.test_analytics import study

        now, answers = clock.now(), study.answers(self.random)
        revisions = REVISIONS if edited else 1
        responses = [
            FormResponse(
                id=new_id(),
                form_id=form.id,
                version=form.current_version,
                data=answers,
                submitted_at=now,
                updated_at=now,
            )
            for _ in range(-(-count // revisions))
        ]
        with transaction.atomic():
            get_store().insert_responses(responses)
            events = [event for response in responses for event in told(response)]
            for _ in range(1, revisions):
                responses = [edit(response) for response in responses]
                events += [event for response in responses for event in told(response)]
        return events[:count]

    def batches(self) -> Iterator[list]:
        """Every event twice: in its order, and again sooner or later."""
        queues, again = [list(events) for events in self.events], []
        while any(queues) or again:
            chosen = self.random.choice([queue for queue in queues if queue] or [again])
            size = self.random.choice(SIZES)
            batch, chosen[:size] = chosen[:size], []
            yield batch
            if chosen is not again:
                again += batch
            if len(again) > max(SIZES) * 10:
                repeated, again[: max(SIZES)] = again[: max(SIZES)], []
                yield repeated

    def expected(self, hook: Hook) -> set[str]:
        return {event.id for number in hook.forms for event in self.events[number]}

    def share_arrived(self) -> float:
        """About how much of what is to arrive came by now, by the length of the ledger."""
        expected = sum(len(self.expected(hook)) for hook in HOOKS if hook.reasons is None)
        written = self.ledger.stat().st_size if self.ledger.exists() else 0
        return written / LINE_BYTES / expected

    def unfinished(self) -> dict[str, int]:
        """Messages on their way, by endpoint; a database that is away is asked again."""
        from django.db import DatabaseError, InterfaceError, connection
        from django.db.models import Count

        from integrations.webhooks.models import Delivery

        names = {webhook_id: name for name, webhook_id in self.ids.items()}
        while True:
            try:
                waiting = Delivery.objects.filter(due_at__isnull=False).order_by()
                rows = waiting.values_list("webhook").annotate(count=Count("pk"))
                return Counter({names[webhook_id]: count for webhook_id, count in rows})
            except (DatabaseError, InterfaceError):
                connection.close()
                time.sleep(0.2)

    def is_healthy(self, name: str) -> bool:
        return next(hook.reasons is None for hook in HOOKS if hook.name == name)

    def has_given_up_some(self) -> bool:
        """Whether some message of each unhealthy endpoint ran out of attempts."""
        from integrations.webhooks.models import Delivery

        buried = Delivery.objects.filter(status="dead").exclude(dead_reason="disabled").order_by()
        found = set(buried.values_list("webhook", flat=True).distinct())
        return found == {self.ids[hook.name] for hook in HOOKS if hook.reasons is not None}

    def switch_off_the_unhealthy(self) -> None:
        from integrations.webhooks import endpoints
        from integrations.webhooks.models import Webhook

        for hook in HOOKS:
            if hook.reasons is not None and "disabled" in hook.reasons:
                endpoints.disable(self.ids[hook.name], reason=Webhook.DisabledReason.BY_OWNER)


def edit(response):
    from formplatform.forms.domain import revision_of
    from formplatform.forms.storage.registry import get_store

    newer = replace(response, revision=response.revision + 1)
    assert get_store().replace_response(
        newer, expected_revision=response.revision, previous=revision_of(response)
    )
    return newer


def told(response) -> list:
    """The event of its newest revision."""
    from formplatform.forms.owed import events_of_responses

    return list(events_of_responses([replace(response, dispatched_revision=response.revision - 1)]))
