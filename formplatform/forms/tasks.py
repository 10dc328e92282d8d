"""Tasks of the forms domain."""

from celery import shared_task

from . import outbox


@shared_task(name="forms.dispatch_responses")
def dispatch_responses(response_ids: list[str]) -> None:
    outbox.dispatch(response_ids)


@shared_task(name="forms.dispatch_sessions")
def dispatch_sessions(session_ids: list[str]) -> None:
    outbox.dispatch_sessions(session_ids)


@shared_task(name="forms.dispatch_versions")
def dispatch_versions(keys: list[str]) -> None:
    outbox.dispatch_versions(keys)


@shared_task(name="forms.dispatch_stale")
def dispatch_stale() -> None:
    outbox.dispatch_stale()
