"""The port behind which forms and responses are stored.

Two adapters pass one contract suite: `sql` (the ORM) and `mongo` (mongoengine). Nothing outside
this package knows which one runs. Every method may raise `UnavailableError` (the store is down:
nothing was written, or the write is all there); none leaves a half-written record. Collections
of ids are batches: a few thousand at most.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from formplatform.core.errors import PlatformError
from formplatform.forms.domain import (
    Form,
    FormResponse,
    FormVersion,
    JsonObject,
    Revision,
    Session,
)

Item = TypeVar("Item")
Place = tuple[datetime, str]
"""Where a record stands in a list ordered by time: the time, then the id."""


class QueryTimeoutError(PlatformError):
    """A question to the store took longer than it may; a narrower one may not."""

    code = "query_timeout"
    status = 422


class QueryFailedError(PlatformError):
    """The store could not work out a question, as another one might: see the log."""

    code = "query_failed"
    status = 422


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A slice of a longer list and the length of the whole."""

    items: list[Item]
    total: int


FORM_ORDERINGS = ("created_at", "updated_at", "title")


@dataclass(frozen=True, kw_only=True, slots=True)
class FormQuery:
    """Which forms: those in `ids` and those of `owner_id`; both None means every form.

    `within` narrows that further. Deleted forms are never listed.

    `search` is a part of the title in any case; `ordering` is one of FORM_ORDERINGS, with a minus
    for descending. Titles are compared case-folded.
    """

    ids: Collection[str] | None = None
    owner_id: int | None = None
    within: Collection[str] | None = None
    search: str = ""
    ordering: str = "-created_at"
    limit: int = 25
    offset: int = 0

    def __post_init__(self) -> None:
        if self.ordering.removeprefix("-") not in FORM_ORDERINGS:
            raise ValueError(f"Forms can be ordered by {', '.join(FORM_ORDERINGS)}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseFilter:
    """Which responses of a form. `submitted_from` belongs to the span, `submitted_before` not."""

    form_id: str
    submitted_from: datetime | None = None
    submitted_before: datetime | None = None
    version: int | None = None
    include_deleted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseQuery(ResponseFilter):
    """A page of them, newest first. `after` is the cursor: the last row's place."""

    after: Place | None = None
    limit: int = 25


class FormStore(Protocol):
    name: str

    # Forms
    def insert_form(self, form: Form) -> Form:
        """Store a new form; the one stored earlier under its (owner, idempotency key) wins."""

    def find_form(self, form_id: str) -> Form | None: ...

    def replace_form(self, form: Form, *, expected_revision: int) -> bool:
        """Compare-and-set: False, and nothing written, unless the stored revision is expected."""

    def list_forms(self, query: FormQuery) -> Page[Form]: ...

    # Versions
    def insert_version(self, version: FormVersion) -> bool:
        """False where that number is taken: versions are immutable."""

    def find_version(self, form_id: str, number: int) -> FormVersion | None: ...

    def list_versions(self, form_id: str) -> list[FormVersion]: ...

    # Responses
    def insert_response(self, response: FormResponse) -> FormResponse:
        """One write. The one stored earlier under its (form, idempotency key) wins."""

    def insert_responses(self, responses: Sequence[FormResponse]) -> int:
        """Bulk insert; ids that are there already are left alone. Returns how many were new."""

    def find_response(self, form_id: str, response_id: str) -> FormResponse | None: ...

    def find_keyed_response(self, form_id: str, idempotency_key: str) -> FormResponse | None:
        """The response that was sent under this Idempotency-Key, a deleted one too."""

    def find_responses(self, response_ids: Collection[str]) -> list[FormResponse]:
        """Those that exist, deleted ones too, in no promised order."""

    def replace_response(
        self, response: FormResponse, *, expected_revision: int, previous: Revision
    ) -> bool:
        """Write `previous` to the history (again is harmless), then compare-and-set.

        Everything but the outbox columns is taken from `response`: its `dispatched_revision`
        stays as stored and `dispatched_at` becomes None, as the new revision is unpublished.
        """

    def find_revisions(self, wanted: Collection[tuple[str, int]]) -> list[Revision]:
        """Facts by (response id, revision), the newest revision included."""

    def page_responses(self, query: ResponseQuery) -> list[FormResponse]: ...

    def count_responses(self, form_id: str) -> int:
        """How many live ones there are."""

    def count_matching(self, wanted: ResponseFilter) -> int: ...

    def scan_responses(
        self, form_id: str, *, after_id: str | None = None, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        """Every live response in id order, in batches, without holding a lock."""

    def scan_matching(
        self, wanted: ResponseFilter, *, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        """The wanted ones by the moment of their submission, the oldest first.

        In batches, without holding a lock; no others are read.
        """

    def scan_changes(
        self, form_id: str, *, since: datetime | None = None, batch: int = 1000
    ) -> Iterator[list[FormResponse]]:
        """Every response, deleted ones too, last changed at `since` or later; the oldest first.

        In batches, without holding a lock: one that changes meanwhile may come twice, the newer
        revision later.
        """

    # Outbox
    def find_undispatched(
        self, *, before: datetime, limit: int, after: Place | None = None
    ) -> list[FormResponse]:
        """Responses with unpublished revisions, last changed before a moment, oldest first.

        `after` is the place of the last one of the page before.
        """

    def is_waiting(self, form_id: str, *, before: datetime) -> bool:
        """Whether a response of the form, last changed before a moment, is still undispatched."""

    def mark_dispatched(self, revisions: Mapping[str, int], *, at: datetime) -> None:
        """Record per response id what was published; a newer revision stays undispatched."""

    def find_undispatched_versions(self, *, before: datetime, limit: int) -> list[FormVersion]: ...

    def mark_version_dispatched(self, form_id: str, number: int, *, at: datetime) -> None: ...

    # Sessions
    def merge_session(self, session: Session) -> Session:
        """Create, or merge by earliest times under compare-and-set; returns what is stored.

        `revision` moves only when something new was learned. Raises ConflictError where the id
        belongs to another form.
        """

    def find_session(self, form_id: str, session_id: str) -> Session | None: ...

    def find_sessions(self, session_ids: Collection[str]) -> list[Session]: ...

    def find_undispatched_sessions(
        self, *, before: datetime, limit: int, after: Place | None = None
    ) -> list[Session]: ...

    def mark_sessions_dispatched(self, revisions: Mapping[str, int], *, at: datetime) -> None: ...

    def scan_sessions(self, form_id: str, *, batch: int = 1000) -> Iterator[list[Session]]: ...

    # Proof and upkeep
    def day_hashes(
        self, form_id: str, *, since: datetime, until: datetime
    ) -> dict[str, tuple[int, int]]:
        """UTC day → (live responses, additive 64-bit hash of their (id, revision))."""

    def change_mark(self, form_id: str, *, before: datetime | None = None) -> tuple[int, int]:
        """(responses ever stored, sum of their revisions), deleted ones included.

        Both only grow: equal marks mean that no response was added, changed or deleted between.
        With `before` only of responses last changed before that moment, which may become fewer.
        """

    def ensure_indexes(self) -> list[str]:
        """Create what is missing; returns the names. Idempotent."""

    def ping(self) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How a document database means to find the responses of a pipeline, by its own word.

    `indexes` are their names, none where every document of the collection is looked at;
    `documents` is how many it expects to match. What it does not say is None, and
    `unknown` has the reason by that name.
    """

    indexes: tuple[str, ...] | None = None
    documents: int | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class PipelineStore(Protocol):
    """What only a document database offers: MongoDB's aggregation over one form's responses."""

    def aggregate_responses(
        self, form_id: str, pipeline: Sequence[JsonObject], *, max_time_ms: int
    ) -> list[JsonObject]:
        """Run a pipeline after the adapter's own `$match` on the form's live responses.

        The documents' fields are the names of FormResponse (ids as ObjectId, `id` as `_id`).
        Raises QueryTimeoutError after `max_time_ms`, QueryFailedError where the database gives
        up, ValueError for a stage that reads or writes anything but the form's responses.
        """

    def explain_responses(
        self, form_id: str, pipeline: Sequence[JsonObject], *, max_time_ms: int
    ) -> Access:
        """How `aggregate_responses` would find them. Nothing is read.

        A database that cannot explain, or not within `max_time_ms`, is no error: it says nothing.
        """
