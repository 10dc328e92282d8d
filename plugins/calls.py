"""Calling plugins: each response told once, no plugin's failure anybody else's."""

import logging
import traceback
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import F

from formplatform.core.clock import now
from formplatform.core.errors import FieldError, InvalidInputError, PlatformError
from formplatform.core.logs import describe
from formplatform.forms.domain import Answers
from formplatform.forms.events import ResponseSubmitted
from formplatform.forms.hooks import Submission as StoredSubmission
from formplatform.forms.responses import answers_at_many
from formplatform.forms.versions import get_definition

from .base import RefusedError, Submission, SubmittedResponse
from .models import Plugin, PluginCall
from .registry import ActivePlugin, active_plugins, forget_active

logger = logging.getLogger(__name__)

MOST_FAILURES = 5
"""A plugin that fails so often in a row is switched off."""
LEDGER_KEPT = timedelta(days=30)
READ = "responses.read"
LONGEST_ERROR = 2000


_failing: set[int] = set()
"""Plugins whose last call in this process failed."""


class PluginFailedError(PlatformError):
    """A plugin did not take a batch: it is offered again."""

    code = "plugin_failed"
    transient = True


def ask_before_submit(submission: StoredSubmission) -> StoredSubmission:
    """Let every plugin look at a submission. Raises InvalidInputError where one refuses it."""
    for plugin in active_plugins("on_submit"):
        _ask(plugin, submission)
    return submission


def tell_after_submit(events: Sequence[ResponseSubmitted]) -> None:
    """Tell every plugin of new responses.

    Raises PluginFailedError where one failed; those that took the batch are not told again.
    """
    failed = [p.manifest.name for p in active_plugins("after_submit") if not _tell(p, events)]
    if failed:
        raise PluginFailedError(f"Plugins failed: {', '.join(failed)}.")


def prune_ledger() -> int:
    """Forget calls too old for their event to come again. Returns how many."""
    before = now() - LEDGER_KEPT
    return PluginCall.objects.filter(called_at__lt=before).delete()[0]


def _ask(plugin: ActivePlugin, submission: StoredSubmission) -> None:
    form = submission.form
    answers: Answers = {}
    if plugin.has_permission(READ):
        names = {f.id: f.name for f in get_definition(form.id, submission.version).fields}
        answers = {names.get(key, key): value for key, value in submission.answers.items()}
    asked = Submission(
        form_id=form.id, form_title=form.title, version=submission.version, answers=answers
    )
    try:
        plugin.instance.on_submit(asked)
    except RefusedError as refusal:
        error = FieldError(refusal.field or "answers", "refused", refusal.message)
        raise InvalidInputError("The answers are refused.", errors=[error]) from refusal
    except Exception as error:  # noqa: BLE001 - a plugin's fault must not cost the response
        _record_failure(plugin, error)
    else:
        _record_recovery(plugin)


def _tell(plugin: ActivePlugin, events: Sequence[ResponseSubmitted]) -> bool:
    """Whether the plugin has been told, now or before."""
    ids = {event.id for event in events}
    told = PluginCall.objects.filter(plugin_id=plugin.row_id, event_id__in=ids)
    known = set(told.values_list("event_id", flat=True))
    fresh = {event.id: event for event in events if event.id not in known}
    if not fresh:
        return True
    try:
        plugin.instance.after_submit(_responses(plugin, list(fresh.values())))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the others go on
        _record_failure(plugin, error)
        return False
    _record_calls(plugin, list(fresh))
    return True


def _responses(
    plugin: ActivePlugin, events: Sequence[ResponseSubmitted]
) -> list[SubmittedResponse]:
    found = {}
    if plugin.has_permission(READ):
        found = answers_at_many([(event.response_id, event.revision) for event in events])
    return [
        SubmittedResponse(
            event_id=event.id,
            form_id=event.form_id,
            response_id=event.response_id,
            submitted_at=event.occurred_at,
            answers=found.get((event.response_id, event.revision)),
        )
        for event in events
    ]


def _record_calls(plugin: ActivePlugin, event_ids: Sequence[str]) -> None:
    """The ledger and the count move together, so each response is counted once."""
    moment = now()
    rows = [
        PluginCall(plugin_id=plugin.row_id, event_id=event_id, called_at=moment)
        for event_id in event_ids
    ]
    with transaction.atomic():
        row = Plugin.objects.select_for_update().filter(pk=plugin.row_id)
        if not list(row):  # locks: two workers with one event count it once
            return  # forgotten meanwhile, and its ledger with it
        told = PluginCall.objects.filter(plugin_id=plugin.row_id)
        before = told.filter(event_id__in=event_ids).count()
        PluginCall.objects.bulk_create(rows, ignore_conflicts=True)
        row.update(calls=F("calls") + len(rows) - before, last_called_at=moment, failures=0)


def _record_recovery(plugin: ActivePlugin) -> None:
    if plugin.row_id in _failing:
        _failing.discard(plugin.row_id)
        Plugin.objects.filter(pk=plugin.row_id).update(failures=0)


def _shown(error: Exception) -> str:
    """The error and its place, without its words: a plugin's may repeat an answer."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{describe(error)} ({Path(place.filename).name}, line {place.lineno})"


def _record_failure(plugin: ActivePlugin, error: Exception) -> None:
    name = plugin.manifest.name
    _failing.add(plugin.row_id)
    logger.warning("plugin failed", extra={"plugin": name, "error": error})
    row = Plugin.objects.filter(pk=plugin.row_id)
    row.update(
        failures=F("failures") + 1, last_error=_shown(error)[:LONGEST_ERROR], last_error_at=now()
    )
    if row.filter(failures__gte=MOST_FAILURES).update(enabled=False):
        logger.error("plugin switched off", extra={"plugin": name, "failures": MOST_FAILURES})
        forget_active()
