"""The nouns of the forms domain: plain frozen data, the same whichever store keeps them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Answers = dict[str, Any]
"""Canonical answers: field id → value (docs/reference/field-types.md)."""

JsonObject = dict[str, Any]


class FormState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


FORM_STATES = [state.value for state in FormState]


class Source(StrEnum):
    """How a response came in."""

    API = "api"
    IMPORT = "import"


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A form and its editable draft. `revision` counts every change, for compare-and-set."""

    id: str
    owner_id: int
    title: str
    draft: JsonObject
    state: FormState = FormState.DRAFT
    public: bool = False
    """Whether anybody may submit without an account or key."""
    min_cell: int = 0
    """Groups of fewer respondents are not shown in any figures; 0: all are."""
    current_version: int | None = None
    """The published version that new responses are validated against."""
    idempotency_key: str | None = None
    revision: int = 1
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FormVersion:
    """A published definition: never changes. Also the outbox row of `form.published`."""

    form_id: str
    number: int
    definition: JsonObject
    published_at: datetime
    published_by: int | None = None
    dispatched_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FormResponse:
    """One response at its newest revision. Also the outbox row of its own events."""

    id: str
    form_id: str
    version: int
    data: Answers
    submitted_at: datetime
    updated_at: datetime
    revision: int = 1
    deleted_at: datetime | None = None
    submitted_by: int | None = None
    updated_by: int | None = None
    """Who made the newest revision; for the first one that is `submitted_by`."""
    source: Source = Source.API
    session_id: str | None = None
    idempotency_key: str | None = None
    fingerprint: str | None = None
    """A digest of the submitted answers: tells a repeated request from a reused key."""
    dispatched_revision: int = 0
    dispatched_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """The immutable fact that a response had these answers at this revision (None: deleted)."""

    response_id: str
    form_id: str
    revision: int
    version: int
    data: Answers | None
    at: datetime
    by: int | None = None


def revision_of(response: FormResponse) -> Revision:
    """The fact this response states: what `replace_response` keeps before it moves on."""
    return Revision(
        response_id=response.id,
        form_id=response.form_id,
        revision=response.revision,
        version=response.version,
        data=None if response.deleted_at else response.data,
        at=response.updated_at,
        by=response.submitted_by if response.revision == 1 else response.updated_by,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One respondent's way through a form. Times only ever move earlier, so merging commutes."""

    id: str
    form_id: str
    viewed_at: datetime | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    pages: dict[str, datetime] = field(default_factory=dict)
    answered: dict[str, datetime] = field(default_factory=dict)
    """Field id → when it was first answered."""
    response_id: str | None = None
    revision: int = 1
    dispatched_revision: int = 0
    dispatched_at: datetime | None = None
    updated_at: datetime
