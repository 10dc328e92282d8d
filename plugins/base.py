"""What a plugin is to its author: a class, a few hooks, and plain data.

A plugin overrides the hooks its manifest names, and imports from this module only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """Validated answers on their way in, by field name. Empty without `responses.read`."""

    form_id: str
    form_title: str
    version: int
    answers: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedResponse:
    """A stored response. `event_id` is the same however often it is delivered.

    `answers` are by field id, as they were when the event happened; None where the response was
    deleted since, or without `responses.read`.
    """

    event_id: str
    form_id: str
    response_id: str
    submitted_at: str
    answers: Mapping[str, Any] | None


class RefusedError(Exception):
    """Raised by `on_submit`: these answers are not taken. The caller reads the message."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class FormPlugin:
    """Base of every plugin. One instance lives in each process; settings may change meanwhile."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def on_submit(self, submission: Submission) -> None:
        """Before a response is stored, while the caller waits: be quick.

        Raise RefusedError to refuse it. Any other exception is ours to bear: it is recorded, and
        the response is taken.
        """

    def after_submit(self, responses: Sequence[SubmittedResponse]) -> None:
        """After responses were stored, in a worker, in batches.

        Each response comes at least once: after a crash in the middle it comes again. An
        exception means that none of the batch was dealt with.
        """
