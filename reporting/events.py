"""Events of the reporting engine."""

from dataclasses import dataclass
from typing import ClassVar

from formplatform.core.events import Event, register_event


@register_event
@dataclass(frozen=True, kw_only=True)
class ReportCompleted(Event):
    """A report was made and filed. `schedule_id` is None where somebody asked for it."""

    name: ClassVar[str] = "report.completed"

    form_id: str
    report_id: int
    schedule_id: int | None
