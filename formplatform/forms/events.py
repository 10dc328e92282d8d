"""Events of the forms domain."""

from dataclasses import dataclass
from typing import ClassVar

from formplatform.core.events import Event, register_event


@dataclass(frozen=True, kw_only=True)
class ResponseEvent(Event):
    """Something happened to a response; its answers are read by id and revision."""

    form_id: str
    response_id: str
    revision: int
    version: int


@register_event
@dataclass(frozen=True, kw_only=True)
class ResponseSubmitted(ResponseEvent):
    name: ClassVar[str] = "response.submitted"


@register_event
@dataclass(frozen=True, kw_only=True)
class ResponseUpdated(ResponseEvent):
    name: ClassVar[str] = "response.updated"


@register_event
@dataclass(frozen=True, kw_only=True)
class ResponseDeleted(ResponseEvent):
    name: ClassVar[str] = "response.deleted"


@register_event
@dataclass(frozen=True, kw_only=True)
class FormPublished(Event):
    name: ClassVar[str] = "form.published"

    form_id: str
    version: int


@register_event
@dataclass(frozen=True, kw_only=True)
class SessionAdvanced(Event):
    """A respondent reached a further step (view, start, page, submit)."""

    name: ClassVar[str] = "session.advanced"

    form_id: str
    session_id: str
    revision: int
