"""A worker of its own process that enqueues batches of events, to be killed at any moment.

Reads a line of JSON for each batch, the payloads of its events, and answers `done` once they are in
the queue; whoever gets no answer delivers the batch again. A database that is away is asked again.
"""

import json
import sys
import time

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402 - after django.setup

from formplatform.core.errors import UnavailableError  # noqa: E402
from formplatform.core.events import deliver  # noqa: E402


def enqueue(payloads):
    while True:
        try:
            deliver("webhooks.enqueue", payloads)
        except (DatabaseError, InterfaceError, UnavailableError):
            connection.close()
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    for line in sys.stdin:
        enqueue(json.loads(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()
