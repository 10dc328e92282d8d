"""What passes between those who take up, those who send and those who write down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

PAUSING = frozenset({429, 503})
"""Answers whose Retry-After holds for the endpoint, not only for the message."""

OUR_FAULT = "internal"
"""The error code of an attempt that the platform itself spoiled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """An endpoint, as it is called: no database is needed after this."""

    webhook_id: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those a person added; the platform's win."""
    retry_delays: tuple[float, ...] | None = None
    """Seconds before each attempt; None for the platform's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A delivery that was taken up."""

    delivery_id: str
    event_id: str
    seq: int
    attempt_no: int
    failures: int
    body: bytes = field(repr=False)
    content_type: str
    destination: Destination


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Messages to one endpoint, sent one after the other over one connection."""

    webhook_id: str
    in_order: bool
    """Whether a failure ends it, so that nothing overtakes the message that failed."""
    jobs: tuple[Job, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of an attempt. Without a status code there was no answer."""

    job: Job
    at: datetime
    started_at: datetime
    was_sent: bool = True
    """False where the run ended before this message's turn: it costs no attempt."""
    delivered: bool = False
    permanent: bool = False
    blames_receiver: bool = False
    status_code: int | None = None
    error_code: str = ""
    error: str = ""
    peer: str = ""
    duration_ms: int | None = None
    phases: Mapping[str, float | None] = field(default_factory=dict)
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response: str = ""
    retry_after_seconds: int = 0

    @property
    def pauses_endpoint(self) -> bool:
        return self.status_code in PAUSING and self.retry_after_seconds > 0
