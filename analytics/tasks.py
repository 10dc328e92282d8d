"""Tasks of analytics."""

from celery import shared_task

from . import patrol
from .columns import compaction


@shared_task(name="analytics.compact_columns")
def compact_columns() -> None:
    compaction.compact_due()


@shared_task(name="analytics.verify_numbers")
def verify_numbers() -> None:
    patrol.patrol()
