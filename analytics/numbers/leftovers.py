"""Removing from Redis what nobody reads any more: the numbers of deleted forms, dead rebuilds."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import unquote

from analytics import keys
from formplatform.core import clock
from formplatform.core.connections import numbers
from formplatform.forms.storage.registry import get_store

from .generations import Generations

logger = logging.getLogger(__name__)

DELETED_FOR = timedelta(days=1)
"""What was on its way when a form was deleted has been counted by then."""
NUMBERS = (keys.stats(), keys.sessions(), keys.waiting())
"""A form that has any numbers has one of these."""
SHADOWS = "shadow:*"


def remove_leftovers() -> int:
    """Remove them; returns how many keys.

    A form that the store does not know is left alone: Redis may be shared with another one.
    """
    deleted = [form_id for form_id in _forms_having(*NUMBERS) if _is_deleted(form_id)]
    removed = sum(Generations(numbers(), form_id).remove_all() for form_id in deleted)
    removed += sum(Generations(numbers(), form_id).clean() for form_id in _forms_having(SHADOWS))
    if removed:
        logger.info("leftovers removed", extra={"keys": removed, "deleted_forms": len(deleted)})
    return removed


def _forms_having(*names: str) -> set[str]:
    return {form_id for name in names for form_id in _scan(name)}


def _scan(name: str) -> Iterator[str]:
    for found in numbers().scan_iter(match=f"form:{{*}}:{name}", count=1000):
        key = found.decode() if isinstance(found, bytes) else str(found)
        yield unquote(key.removeprefix("form:{").partition("}:")[0])


def _is_deleted(form_id: str) -> bool:
    form = get_store().find_form(form_id)
    if form is None or form.deleted_at is None:
        return False
    return clock.now() - form.deleted_at > DELETED_FOR
