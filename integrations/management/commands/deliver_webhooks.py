"""Deliver webhooks in a process of its own, without Celery."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from integrations.webhooks.courier import Courier


class Command(BaseCommand):
    help = "Deliver webhooks as they fall due, until interrupted. Any number may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="deliver what is due now and end")

    def handle(self, *args: Any, **options: Any) -> None:
        courier = Courier(hands=settings.WEBHOOK_CONCURRENCY)
        if options["once"]:
            courier.run_until_idle()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: courier.stop())
        self.stdout.write("Delivering webhooks; Ctrl-C ends when the calls in flight are done.")
        courier.run(stay_for_ever=True)
