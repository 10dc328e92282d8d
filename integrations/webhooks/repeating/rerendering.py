"""Messages that could not be written: tried again before they are sent again.

The event is kept as it was published, so a repaired template gets the very message it missed.
"""

from collections import defaultdict
from collections.abc import Collection

from formplatform.core.events import Event as DomainEvent, event_from
from integrations.webhooks.intake import payload_id, store_payloads
from integrations.webhooks.models import Delivery
from integrations.webhooks.writing.messages import render_payloads
from integrations.webhooks.writing.renderings import Rendering, rendering_of


def render_again(delivery_ids: Collection[str]) -> None:
    """Write what was never written, with the endpoints' settings of now.

    Where that fails, the delivery stays a dead letter and says why. What has its bytes keeps them.

    Raises:
        UnavailableError: a fresh revision cannot be read yet.
    """
    rows = Delivery.objects.filter(
        pk__in=delivery_ids, payload__isnull=True, status=Delivery.Status.DEAD
    ).select_related("event", "webhook")
    chosen = {row.pk: (event_from(row.event.data), row) for row in rows if row.event.data}
    wanted: dict[DomainEvent, set[Rendering]] = defaultdict(set)
    for event, row in chosen.values():
        wanted[event].add(rendering_of(row.webhook))
    rendered = render_payloads(wanted) if wanted else None
    if rendered is None:
        return
    store_payloads(rendered.bodies)
    for event, row in chosen.values():
        rendering = rendering_of(row.webhook)
        failure = rendered.failures.get((event.id, rendering))
        if failure is None:
            row.payload_id = payload_id(event.id, rendering)
        else:
            row.dead_reason, row.last_error = failure.code, failure.message
    changed = [row for _, row in chosen.values()]
    Delivery.objects.bulk_update(changed, ["payload", "dead_reason", "last_error"])
