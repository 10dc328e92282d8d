"""The kinds of records in the form store."""

from datetime import datetime
from typing import Any

import orjson

from formplatform.forms.domain import (
    Form,
    FormResponse,
    FormState,
    FormVersion,
    Revision,
    Session,
    Source,
)

from .connection import Document
from .documents import (
    FormDocument,
    ResponseDocument,
    RevisionDocument,
    SessionDocument,
    VersionDocument,
)
from .kinds import Kind


def _write_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _read_count(stored: int | None) -> int:
    return stored or 0


def _write_pages(pages: dict[str, datetime]) -> list[Document]:
    return [{"page": page, "at": reached_at} for page, reached_at in pages.items()]


def _read_pages(pages: list[Document]) -> dict[str, datetime]:
    return {reached["page"]: reached["at"] for reached in pages}


def _write_answered(answered: dict[str, datetime]) -> list[Document]:
    return [{"field": field_id, "at": moment} for field_id, moment in answered.items()]


def _read_answered(answered: list[Document] | None) -> dict[str, datetime]:
    """None: the session is from before this was kept."""
    return {each["field"]: each["at"] for each in answered or ()}


def _is_pending(record: FormVersion | FormResponse | Session) -> bool:
    return record.dispatched_at is None


def version_key(form_id: str, number: int) -> str:
    return f"{form_id}/{number}"


def revision_key(response_id: str, revision: int) -> str:
    return f"{response_id}/{revision}"


FORMS = Kind(
    FormDocument,
    Form,
    ids={"id"},
    encode={"draft": _write_json, "state": str},
    decode={"draft": orjson.loads, "state": FormState, "min_cell": _read_count},
    derive={"title_key": lambda form: form.title.casefold()},
)
VERSIONS = Kind(
    VersionDocument,
    FormVersion,
    ids={"form_id"},
    encode={"definition": _write_json},
    decode={"definition": orjson.loads},
    derive={
        "_id": lambda version: version_key(version.form_id, version.number),
        "pending": _is_pending,
    },
)
RESPONSES = Kind(
    ResponseDocument,
    FormResponse,
    ids={"id", "form_id", "session_id"},
    encode={"source": str},
    decode={"source": Source},
    derive={"pending": _is_pending},
)
REVISIONS = Kind(
    RevisionDocument,
    Revision,
    ids={"response_id", "form_id"},
    derive={"_id": lambda fact: revision_key(fact.response_id, fact.revision)},
)
SESSIONS = Kind(
    SessionDocument,
    Session,
    ids={"id", "form_id", "response_id"},
    encode={"pages": _write_pages, "answered": _write_answered},
    decode={"pages": _read_pages, "answered": _read_answered},
    derive={"pending": _is_pending},
)
