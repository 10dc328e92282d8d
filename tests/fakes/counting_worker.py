"""A worker of its own process that counts batches of events, to be killed at any moment.

Reads a line of JSON for each batch, the payloads of its events, and answers `done` once they are
counted and have left the outbox; whoever gets no answer delivers the batch again.
"""

import json
import sys

import django

django.setup()

from formplatform.core import clock  # noqa: E402 - after django.setup
from formplatform.core.events import deliver  # noqa: E402
from formplatform.forms.storage.registry import get_store  # noqa: E402


def count(payloads):
    deliver("analytics.count_responses", payloads)
    revisions = {}
    for each in payloads:
        known = revisions.get(each["response_id"], 0)
        revisions[each["response_id"]] = max(known, each["revision"])
    get_store().mark_dispatched(revisions, at=clock.now())


if __name__ == "__main__":
    for line in sys.stdin:
        count(json.loads(line))
        sys.stdout.write("done\n")
        sys.stdout.flush()
