"""When a response is deleted, the copies of its answers that webhooks made go too.

A message that is still on its way goes out first, as it happened before the deletion; its copy
goes when it is finished. What is left says that there was a message, when and to whom, not what
was in it, and it can't be sent again.
"""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef

from formplatform.forms.events import ResponseDeleted, ResponseSubmitted, ResponseUpdated
from integrations.webhooks.models import Attempt, Delivery, Event, Payload

CARRIES_ANSWERS = (ResponseSubmitted.name, ResponseUpdated.name)
BATCH = 200
ERASED = "The response was deleted, so its message is no longer kept."


def erase_deleted() -> int:
    """Erase what was still on its way when its response was deleted; returns how many events."""
    deleted = Event.objects.filter(
        type=ResponseDeleted.name, response_id=OuterRef("response_id")
    ).order_by()
    left = Event.objects.filter(Exists(deleted), type__in=CARRIES_ANSWERS).exclude(data={})
    ids = list(left.order_by().values_list("response_id", flat=True).distinct())
    return sum(erase_answers(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def erase_answers(response_ids: Collection[str]) -> int:
    """Erase stored messages with these responses' answers; returns of how many events."""
    unfinished = Delivery.objects.filter(event=OuterRef("pk"), due_at__isnull=False).order_by()
    with transaction.atomic():
        free = Event.objects.filter(
            ~Exists(unfinished), response_id__in=response_ids, type__in=CARRIES_ANSWERS
        )
        locked = free.select_for_update(of=("self",)).order_by("pk")
        ids = list(locked.exclude(data={}).values_list("pk", flat=True))
        copies = Delivery.objects.filter(event__in=ids, due_at__isnull=True)
        Attempt.objects.filter(delivery__in=copies.order_by().values("pk")).update(response="")
        copies.filter(status=Delivery.Status.DEAD).update(last_error=ERASED)
        copies.update(payload=None)
        used = Delivery.objects.filter(payload=OuterRef("pk")).order_by()
        Payload.objects.filter(~Exists(used), event__in=ids).delete()
        # Without what was published, nobody writes the message anew.
        return Event.objects.filter(pk__in=ids).update(data={})
