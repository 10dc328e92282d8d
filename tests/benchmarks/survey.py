"""A form of eight fields and as many responses to it as one likes, always the same ones."""

FORM_ID = "6b00000000000000000000aa"
DEPARTMENTS = (
    "it", "hr", "finance", "sales", "ops", "legal",
    "research", "support", "marketing", "facilities", "medical", "logistics",
)  # fmt: skip
STATUSES = ("approved", "pending", "rejected")
WORDS = (
    "the", "service", "was", "good", "bad", "slow", "fast", "staff", "friendly", "rude",
    "clean", "dirty", "wait", "long", "short", "price", "high", "low", "quality", "great",
    "poor",
)  # fmt: skip
DEFINITION = {
    "fields": [
        {"id": "department", "type": "choice", "label": "D", "options": list(DEPARTMENTS)},
        {"id": "status", "type": "choice", "label": "S", "options": list(STATUSES)},
        {"id": "rating", "type": "rating", "label": "R"},
        {"id": "amount", "type": "number", "label": "A"},
        {"id": "visited", "type": "date", "label": "V"},
        {"id": "tags", "type": "multi_choice", "label": "T", "options": list("abcdefgh")},
        {"id": "comment", "type": "long_text", "label": "C"},
        {"id": "email", "type": "email", "label": "E", "pii": True},
    ]
}


def responses(first, count):
    from datetime import UTC, date, datetime, timedelta

    import numpy as np

    from formplatform.forms.domain import FormResponse

    rng = np.random.default_rng(first)
    numbers = zip(
        rng.integers(0, len(DEPARTMENTS), count).tolist(),
        rng.choice(3, count, p=[0.6, 0.3, 0.1]).tolist(),
        rng.integers(1, 6, count).tolist(),
        np.round(rng.lognormal(4, 1, count), 2).tolist(),
        rng.integers(0, 400, count).tolist(),
        rng.integers(0, 256, count).tolist(),
        rng.integers(0, len(WORDS), (count, 8)).tolist(),
        rng.integers(0, 300_000, count).tolist(),
        strict=True,
    )
    start, day = datetime(2025, 1, 1, tzinfo=UTC), date(2025, 1, 1)
    for number, (department, status, rating, amount, visited, tags, words, person) in enumerate(
        numbers, start=first
    ):
        moment = start + timedelta(seconds=34 * number)
        yield FormResponse(
            id=f"{0x6B << 88 | number:024x}",
            form_id=FORM_ID,
            version=1,
            data={
                "department": DEPARTMENTS[department],
                "status": STATUSES[status],
                "rating": rating,
                "amount": amount,
                "visited": (day + timedelta(days=visited)).isoformat(),
                "tags": [tag for bit, tag in enumerate("abcdefgh") if tags >> bit & 1][:3],
                "comment": " ".join(WORDS[word] for word in words),
                "email": f"u{person}@example.com",
            },
            submitted_at=moment,
            updated_at=moment,
            dispatched_revision=1,
            dispatched_at=moment,
        )
