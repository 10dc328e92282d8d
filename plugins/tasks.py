"""Tasks of the plugins."""

from celery import shared_task

from . import calls


@shared_task(name="plugins.prune_ledger")
def prune_ledger() -> None:
    calls.prune_ledger()
