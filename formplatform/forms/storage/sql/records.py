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


def _write_moments(moments: dict[str, datetime]) -> dict[str, str]:
    return {name: clock.to_text(moment) for name, moment in moments.items()}


def _read_moments(moments: dict[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(moment) for name, moment in moments.items()}


FORMS = Table(
    FormRow,
    Form,
    decode={"state": FormState},
    derive={"title_key": lambda form: form.title.casefold()},
)
VERSIONS = Table(VersionRow, FormVersion)
RESPONSES = Table(ResponseRow, FormResponse, decode={"source": Source})
REVISIONS = Table(RevisionRow, Revision)
SESSIONS = Table(
    SessionRow,
    Session,
    decode={"pages": _read_moments, "answered": _read_moments},
    encode={"pages": _write_moments, "answered": _write_moments},
)
