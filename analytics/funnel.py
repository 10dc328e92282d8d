"""How far respondents get: the steps of a form, its pages and fields, and where they leave.

Every session is at one step when it ends: it is submitted, or it was left at its last page, at
the start where it reached no page, or at the view where it did not start. So over all steps `left`
adds up to the sessions that were not submitted. What they are about: trails.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from caching.decorators import cached
from caching.keys import form_tag
from formplatform.core import clock
from formplatform.forms.domain import JsonObject
from formplatform.forms.schema.definition import Definition
from formplatform.forms.schema.fields import Field
from formplatform.forms.storage.registry import get_store
from formplatform.forms.versions import get_definition

from .contributions.trails import FIELD, LEFT, PAGE, STARTED, SUBMITTED, VIEWED
from .figures.session_figures import interval_of, session_figures, share_of
from .figures.small_cells import cover_funnel, least_of_span, min_cell_of
from .metrics import KEPT_SECONDS, numbers_tag
from .numbers.drift import last_drift
from .outages import answering

Counts = Mapping[str, int]


def funnel_of(
    form_id: str,
    *,
    timezone: str = "UTC",
    since: datetime | None = None,
    until: datetime | None = None,
) -> JsonObject:
    """The funnel of the sessions that began in a half-open span, or of all of them.

    The span is widened to whole quarter-hours; see `SessionNumbers.read_span` for those that are
    no longer kept. Raises UnavailableError without Redis.
    """
    answer: JsonObject = _funnel(form_id, timezone, since, until)
    least = min_cell_of(form_id)
    if least and (since or until):
        whole = _funnel(form_id, timezone, None, None)
        least = least_of_span(least, [answer["base_n"]], [whole["base_n"]])
    return cover_funnel(answer, least) if least else answer


@cached(ttl=KEPT_SECONDS, tags=lambda form_id, *_: [numbers_tag(form_id), form_tag(form_id)])
def _funnel(
    form_id: str, timezone: str, since: datetime | None, until: datetime | None
) -> JsonObject:
    as_of = clock.to_text(clock.now())
    definitions = _definitions(form_id)
    with answering() as live:
        found = live.sessions.read_span(form_id, ZoneInfo(timezone), since=since, until=until)
        drift = last_drift(form_id)
    return {
        "form_id": form_id,
        "timezone": timezone,
        "steps": [*_steps(found.counts, definitions)],
        "fields": [*_fields(found.counts, definitions)],
        **session_figures(found.counts),
        "coarse_before": found.coarse_before,
        "base_n": found.counts[VIEWED],
        "drift": drift,
        "as_of": as_of,
    }


def _definitions(form_id: str) -> list[Definition]:
    """Of all published versions, the newest first."""
    numbers = sorted(version.number for version in get_store().list_versions(form_id))
    return [get_definition(form_id, number) for number in reversed(numbers)]


def _steps(counts: Counts, definitions: Sequence[Definition]) -> Iterator[JsonObject]:
    viewed, started, submitted = (counts.get(step, 0) for step in (VIEWED, STARTED, SUBMITTED))
    left_on_pages = sum(count for name, count in counts.items() if name.startswith(LEFT + PAGE))
    yield _step("view", "View", reached=viewed, left=viewed - started)
    yield _step("start", "Start", reached=started, left=started - submitted - left_on_pages)
    for page in _pages(counts, definitions):
        name = PAGE + page
        yield _step("page", page, reached=counts.get(name, 0), left=counts.get(LEFT + name, 0))
    yield _step("submit", "Submit", reached=submitted, left=0)


def _step(kind: str, title: str, *, reached: int, left: int) -> JsonObject:
    return {
        "id": f"page:{title}" if kind == "page" else kind,
        "kind": kind,
        "title": title,
        "reached": reached,
        "left": left,
        "rate": share_of(left, reached),
        "interval": interval_of(left, reached),
    }


def _pages(counts: Counts, definitions: Sequence[Definition]) -> list[str]:
    """Those of the newest version in its order, then former ones somebody reached."""
    pages: dict[str, bool] = {}
    for place, definition in enumerate(definitions):
        for field in definition.fields:
            if field.page is not None:
                pages.setdefault(field.page, place == 0)
    former = (name.removeprefix(PAGE) for name in sorted(counts) if name.startswith(PAGE))
    for page in former:
        pages.setdefault(page, False)
    return [page for page, is_present in pages.items() if is_present or counts.get(PAGE + page)]


def _fields(counts: Counts, definitions: Sequence[Definition]) -> Iterator[JsonObject]:
    """Those of the newest version in its order, then former ones somebody answered."""
    seen: set[str] = set()
    for place, definition in enumerate(definitions):
        for field in definition.fields:
            is_shown = place == 0 or counts.get(FIELD + field.id, 0) > 0
            if field.id not in seen and is_shown and not field.expression:
                yield _field(field, counts)
            seen.add(field.id)


def _field(field: Field, counts: Counts) -> JsonObject:
    name = FIELD + field.id
    answered, left = counts.get(name, 0), counts.get(LEFT + name, 0)
    return {
        "field_id": field.id,
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "page": field.page,
        "conditional": field.visible_if is not None,
        "viewed": counts.get(STARTED if field.page is None else PAGE + field.page, 0),
        "answered": answered,
        "left": left,
        "rate": share_of(left, answered),
        "interval": interval_of(left, answered),
    }
