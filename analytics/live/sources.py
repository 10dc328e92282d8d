"""What can be watched: the numbers of a form, and the answer to a saved query."""

from dataclasses import dataclass
from typing import Protocol

from analytics import metrics, query_builder
from analytics.columns import PATIENCE_SECONDS, waiting_at_most
from analytics.models import SavedQuery
from analytics.saved_queries import get_query
from formplatform.core import clock
from formplatform.core.actors import Actor
from formplatform.core.errors import NotFoundError
from formplatform.forms.access import get_form

from .states import State, flatten

SPREAD = ("answered", "missing", "values", "other", "other_counts", "distinct", "numbers")
"""What is shown of a field."""


class Source(Protocol):
    """Equal sources share one reading. All streams of a form hear of the same changes."""

    @property
    def form_id(self) -> str: ...

    @property
    def holds_seconds(self) -> float:
        """How long a state holds while nothing is counted: "today" ends, a query is changed."""

    def read(self) -> tuple[State, str]:
        """The present state, and when it was true. Raises PlatformError."""

    def check(self, actor: Actor) -> None:
        """Raises NotFoundError or PermissionDeniedError for one who may not see it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FormNumbers:
    """The totals of a form and the distributions of some of its fields."""

    form_id: str
    timezone: str = "UTC"
    fields: tuple[str, ...] = ()

    @property
    def holds_seconds(self) -> float:
        return 30.0

    def read(self) -> tuple[State, str]:
        numbers = metrics.metrics_of(self.form_id, timezone=self.timezone)
        as_of: str = numbers["as_of"]
        shown = {key: numbers[key] for key in numbers if key not in ("form_id", "as_of")}
        fields = {name: self._spread(name) for name in self.fields}
        return dict(flatten({**shown, "fields": fields})), as_of

    def _spread(self, name: str) -> State:
        spread = metrics.distribution_of(self.form_id, name)
        return {key: spread[key] for key in SPREAD}

    def check(self, actor: Actor) -> None:
        get_form(actor, self.form_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedAnswer:
    """The answer to a saved query, as those see it who may, or may not, see personal fields."""

    form_id: str
    query_id: int
    personal_allowed: bool

    @property
    def holds_seconds(self) -> float:
        return 60.0

    def read(self) -> tuple[State, str]:
        saved = SavedQuery.objects.filter(pk=self.query_id).first()
        if saved is None:
            raise NotFoundError("There is no such saved query.")
        with waiting_at_most(PATIENCE_SECONDS):
            answer = query_builder.run_query(
                self.form_id, saved.query, personal_allowed=self.personal_allowed
            )
        state = {"rows": answer.rows, "truncated": answer.truncated}
        return dict(flatten(state)), clock.to_text(answer.as_of)

    def check(self, actor: Actor) -> None:
        get_query(actor, self.query_id)
