"""Tasks of analytics."""

from celery import shared_task

from .columns import compaction
from .numbers import leftovers
from .proving import patrol


@shared_task(name="analytics.compact_columns")
def compact_columns() -> None:
    compaction.compact_due()


@shared_task(name="analytics.verify_numbers")
def verify_numbers() -> None:
    patrol.patrol()


@shared_task(name="analytics.remove_leftovers")
def remove_leftovers() -> None:
    leftovers.remove_leftovers()
