"""Verifying every form in turn, a few at a time, so that drift is noticed by itself."""

import logging
import time

from prometheus_client import Counter

from formplatform.core.connections import numbers
from formplatform.forms.storage.base import FormQuery
from formplatform.forms.storage.registry import get_store

from .verification import Verification, verify

logger = logging.getLogger(__name__)

FORMS = 50
SECONDS = 60.0
"""A round begins no further form after that."""
NEXT = "numbers:patrol"
"""How many forms of the list this turn has done; lost with Redis, it begins anew."""

_verified = Counter(
    "analytics_verifications_total", "Forms whose numbers were compared.", ["outcome"]
)


def patrol() -> list[Verification]:
    """Verify the next forms; after the last one it begins with the first again."""
    offset, began, found = int(numbers().get(NEXT) or 0), time.monotonic(), []
    query = FormQuery(ordering="created_at", limit=FORMS, offset=offset)
    forms = get_store().list_forms(query).items
    for number, form in enumerate(forms, start=1):
        # Before: a form that cannot be verified costs its round, and keeps no other from its turn.
        is_last = number == len(forms) < FORMS
        numbers().set(NEXT, 0 if is_last else offset + number)
        found.append(verify(form.id))
        _tell(found[-1])
        if time.monotonic() - began > SECONDS:
            break
    if not forms:
        numbers().set(NEXT, 0)
    return found


def _tell(found: Verification) -> None:
    outcome = "exact" if found.is_exact else "drift" if found.is_settled else "unsettled"
    _verified.labels(outcome).inc()
    if found.has_drifted:
        days = [each.day for each in found.days]
        logger.error("numbers have drifted", extra={"form_id": found.form_id, "days": days})
