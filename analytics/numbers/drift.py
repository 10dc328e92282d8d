"""What the last comparison of a form's numbers with the form store found."""

from datetime import datetime

from analytics.keys import FormKeys
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.forms.domain import JsonObject


def remember(form_id: str, *, at: datetime, is_exact: bool) -> None:
    numbers().set(FormKeys(form_id).verified, f"{int(is_exact)} {clock.to_text(at)}")


def last_drift(form_id: str) -> JsonObject | None:
    """`{checked_at, exact}` of the last comparison that could tell; None before any."""
    found = numbers().get(FormKeys(form_id).verified)
    if found is None:
        return None
    exact, checked_at = (found.decode() if isinstance(found, bytes) else found).split()
    return {"checked_at": checked_at, "exact": exact == "1"}
