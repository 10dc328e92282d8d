"""Many deliveries at once, written straight into the tables."""

from datetime import timedelta

from django.db import transaction

from formplatform.core import clock
from formplatform.forms.ids import new_id
from integrations.webhooks.models import Delivery, Event, Payload
from integrations.webhooks.queue import lanes


@transaction.atomic
def pile_up(webhook, count, **facts):
    """So many dead letters of an endpoint, each a second younger; returns their ids in order."""
    now = clock.now()
    ids = [new_id() for _ in range(count)]
    responses = {pk: new_id() for pk in ids}
    Event.objects.bulk_create(
        Event(
            id=f"evt_{responses[pk]}_1",
            type="response.submitted",
            form_id=webhook.form_id,
            response_id=responses[pk],
            occurred_at=now,
        )
        for pk in ids
    )
    Payload.objects.bulk_create(
        Payload(id=f"{pk}.masked", event_id=f"evt_{responses[pk]}_1", body=b"{}") for pk in ids
    )
    lane = lanes.lock([webhook.pk])[webhook.pk]
    dead = {"status": "dead", "dead_reason": "exhausted", "due_at": None, "attempt_no": 1, **facts}
    Delivery.objects.bulk_create(
        Delivery(
            id=pk,
            webhook=webhook,
            event_id=f"evt_{responses[pk]}_1",
            payload_id=f"{pk}.masked",
            key=responses[pk],
            seq=lane.next_seq + place,
            finished_at=now - timedelta(seconds=count - place),
            **dead,
        )
        for place, pk in enumerate(ids)
    )
    lane.next_seq += count
    lane.save()
    return ids
