"""Tasks of analytics."""

from celery import shared_task

from .columns import compaction


@shared_task(name="analytics.compact_columns")
def compact_columns() -> None:
    compaction.compact_due()
