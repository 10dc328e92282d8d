"""From a run to its bytes, seen with the eyes of whoever asked for it."""

from typing import TYPE_CHECKING

from formplatform.core.actors import Actor
from formplatform.core.errors import NotFoundError
from formplatform.forms.access import get_form
from reporting.definitions import definition_of, gather
from reporting.pdf.generator import render_pdf

if TYPE_CHECKING:
    from reporting.models import ReportRun


def render_run(run: "ReportRun") -> bytes:
    """The PDF of a run. Raises NotFoundError where the person may not see the form any more.

    Rights are asked for now, not when the schedule was made: who lost them gets no report.
    """
    form = get_form(_actor_of(run), run.form_id)
    return render_pdf(gather(form, definition_of(form, {**run.definition, "title": run.title})))


def _actor_of(run: "ReportRun") -> Actor:
    user = run.requested_by
    if user is None or not user.is_active:
        raise NotFoundError("The person this report was for has no account any more.")
    return Actor(user_id=user.pk, is_staff=user.is_staff)
