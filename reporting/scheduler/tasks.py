"""Tasks of the reporting engine."""

import logging

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from formplatform.core.features import Feature, is_enabled

from . import runs
from .sweep import sweep, tidy

logger = logging.getLogger(__name__)


def request_report(run_id: int) -> None:
    """Have a queued run made soon. Without a broker the next sweep finds it."""
    try:
        make_report.delay(run_id)
    except OperationalError as error:
        logger.warning("report waits for the sweep", extra={"error": error})


@shared_task(name="reporting.make_report", time_limit=settings.REPORT_TIME_LIMIT_SECONDS)
def make_report(run_id: int) -> None:
    runs.execute(run_id)


@shared_task(name="reporting.sweep_reports")
def sweep_reports() -> None:
    if is_enabled(Feature.PDF_REPORTS):
        for run_id in sweep():
            make_report.apply_async((run_id,), expires=settings.REPORT_SWEEP_SECONDS)


@shared_task(name="reporting.tidy_reports")
def tidy_reports() -> None:
    tidy()
