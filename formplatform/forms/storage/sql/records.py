"""The tables of the form store."""

from datetime import datetime

from formplatform.core import clock
from formplatform.forms.domain import (
    Form,
    FormResponse,
    FormState,
    FormVersion,
    Revision,
    Session,
    Source,
)

from .rows import FormRow, ResponseRow, RevisionRow, SessionRow, VersionRow
from .tables import Table


def _write_pages(pages: dict[str, datetime]) -> dict[str, str]:
    return {page: clock.to_text(reached_at) for page, reached_at in pages.items()}


def _read_pages(pages: dict[str, str]) -> dict[str, datetime]:
    return {page: datetime.fromisoformat(reached_at) for page, reached_at in pages.items()}


FORMS = Table(
    FormRow,
    Form,
    decode={"state": FormState},
    derive={"title_key": lambda form: form.title.casefold()},
)
VERSIONS = Table(VersionRow, FormVersion)
RESPONSES = Table(ResponseRow, FormResponse, decode={"source": Source})
REVISIONS = Table(RevisionRow, Revision)
SESSIONS = Table(SessionRow, Session, decode={"pages": _read_pages}, encode={"pages": _write_pages})
