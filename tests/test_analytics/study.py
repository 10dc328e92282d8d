"""A form with a field of every kind, random responses to it, and a naive reading of queries."""

import random
from datetime import UTC, datetime, timedelta

from formplatform.core import clock
from tests.factories.forms import FormResponseFactory, FormVersionFactory


def options(**labels):
    return [{"id": key, "label": label} for key, label in labels.items()]


DEFINITION = {
    "fields": [
        {
            "id": "department",
            "type": "choice",
            "label": "Department",
            "options": options(it="IT", hr="HR", ops="Operations"),
        },
        {
            "id": "status",
            "name": "state",
            "type": "choice",
            "label": "Status",
            "options": options(approved="approved", rejected="rejected"),
        },
        {
            "id": "tags",
            "type": "multi_choice",
            "label": "Tags",
            "options": options(red="Red", green="Green", blue="Blue"),
        },
        {"id": "age", "type": "integer", "label": "Age"},
        {"id": "amount", "type": "number", "label": "Amount"},
        {"id": "score", "type": "rating", "label": "Score"},
        {"id": "member", "type": "boolean", "label": "Member"},
        {"id": "born", "type": "date", "label": "Born"},
        {"id": "wakes", "type": "time", "label": "Wakes up"},
        {"id": "seen", "type": "datetime", "label": "Last seen"},
        {"id": "note", "type": "text", "label": "Note"},
        {"id": "email", "type": "email", "label": "Email", "pii": True},
        {
            "id": "care",
            "type": "matrix",
            "label": "Care",
            "rows": options(food="Food", staff="Staff"),
            "columns": options(good="Good", bad="Bad"),
        },
        {
            "id": "order",
            "type": "ranking",
            "label": "Order",
            "options": options(x="X", y="Y"),
        },
        {"id": "scan", "type": "file", "label": "Scan"},
        {"id": "effort", "type": "scale", "label": "It was easy"},
    ]
}
BEFORE = {
    "fields": [*DEFINITION["fields"][:-1], DEFINITION["fields"][-1] | {"minimum": 0, "maximum": 8}]
}
"""An older version: its scale had a step more at either end."""
START = datetime(2026, 3, 27, tzinfo=UTC)


def moment(rng):
    """Around two changes of European time, with whole days and repeated moments among them."""
    return START + timedelta(
        days=rng.choice([0, 1, 2, 3, 212, 213, 214]), minutes=15 * rng.randrange(96)
    )


VALUES = {
    "department": lambda rng: rng.choice(["it", "hr", "ops"]),
    "status": lambda rng: rng.choice(["approved", "rejected"]),
    "tags": lambda rng: rng.sample(["red", "green", "blue"], rng.randrange(4)),
    "age": lambda rng: rng.choice([0, 1, 17, 18, 64, 1_000_000, -5]),
    "amount": lambda rng: rng.choice([0, 1, 1.0, 2.5, -0.25, 1e6, 7]),
    "score": lambda rng: rng.randrange(1, 6),
    "member": lambda rng: rng.random() < 0.5,
    "born": lambda rng: rng.choice(["1969-12-31", "2000-02-29", "2021-01-03", "2026-12-31"]),
    "wakes": lambda rng: rng.choice(["05:00:00", "07:30:00", "23:59:59"]),
    "seen": lambda rng: clock.to_text(moment(rng)),
    "note": lambda rng: rng.choice(["", "Zoë", "a", "B", "b", "é", "\U0001f600", "$gt", "a.b"]),
    "email": lambda rng: f"p{rng.randrange(9)}@example.org",
    "care": lambda rng: {row: rng.choice(["good", "bad"]) for row in ("food", "staff")},
    "order": lambda rng: rng.sample(["x", "y"], 2),
    "scan": lambda rng: {"id": "f1", "name": "x.pdf", "size": 3, "content_type": "application/pdf"},
    "effort": lambda rng: rng.randrange(1, 8),
}


def answers(rng, missing=0.25):
    return {name: make(rng) for name, make in VALUES.items() if rng.random() >= missing}


def answers_before(rng):
    """Those to the older version."""
    return {name: rng.randrange(9) if name == "effort" else v for name, v in answers(rng).items()}


def responses(form_id, count, seed=1, **given):
    rng = random.Random(seed)
    return [
        FormResponseFactory(form_id=form_id, data=answers(rng), submitted_at=moment(rng), **given)
        for _ in range(count)
    ]


def version(form_id, number=1, definition=DEFINITION):
    return FormVersionFactory(form_id=form_id, number=number, definition=definition)
