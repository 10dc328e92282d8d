"""How the webhooks' pages look: colours, times, and lists that never count everything."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet

from formplatform.core.admin_theme import Colour
from formplatform.forms.storage.base import FormQuery
from formplatform.forms.storage.registry import get_store
from integrations.webhooks.explaining.health import Health
from integrations.webhooks.models import Attempt, Delivery, Webhook

HEALTH_COLOURS = {
    Health.HEALTHY.value: Colour.GOOD,
    Health.FAILING.value: Colour.WARNING,
    Health.DOWN.value: Colour.BAD,
    Health.QUIET.value: Colour.QUIET,
    Health.DISABLED.value: Colour.QUIET,
}
STATUS_COLOURS = {
    Delivery.Status.PENDING.value: Colour.BUSY,
    Delivery.Status.SENDING.value: Colour.BUSY,
    Delivery.Status.DELIVERED.value: Colour.GOOD,
    Delivery.Status.DEAD.value: Colour.BAD,
}
OUTCOME_COLOURS = {
    Attempt.Outcome.SENDING.value: Colour.BUSY,
    Attempt.Outcome.DELIVERED.value: Colour.GOOD,
    Attempt.Outcome.FAILED.value: Colour.BAD,
    Attempt.Outcome.UNKNOWN.value: Colour.WARNING,
}
MOST_COUNTED = 10_000
STYLES = {"all": ["integrations/webhooks.css"]}


if TYPE_CHECKING:
    _Paginator = Paginator[Model]
else:
    _Paginator = Paginator


class QuickPaginator(_Paginator):
    """Counts no further than a person pages: behind that, filters and the search are quicker."""

    @cached_property
    def count(self) -> int:
        found = self.object_list
        if isinstance(found, QuerySet):
            return found.order_by()[:MOST_COUNTED].count()
        return len(found)


def span(seconds: float) -> str:
    """A time that passed, in the unit a person would use."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def day_and_time(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M}" if at else None


def titles_of(webhooks: Sequence[Webhook]) -> dict[str, str]:
    """Form id → title, of all in one question."""
    ids = {webhook.form_id for webhook in webhooks if webhook.form_id}
    if not ids:
        return {}
    forms = get_store().list_forms(FormQuery(ids=ids, limit=len(ids))).items
    return {form.id: form.title for form in forms}
