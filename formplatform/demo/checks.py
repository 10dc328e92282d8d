"""Holding every number against the file itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isclose

from .steps import Demonstration
from .study import COLUMN


@dataclass(frozen=True)
class Check:
    """One fact: what the platform said, what the file says."""

    name: str
    found: object
    expected: object

    @property
    def holds(self) -> bool:
        if isinstance(self.expected, float) and isinstance(self.found, float):
            return isclose(self.found, self.expected, rel_tol=1e-9)
        return self.found == self.expected


def checks_of(run: Demonstration) -> Iterator[Check]:
    """Every number the summary prints."""
    found, study = run.findings, run.study
    respondents = len(study.answers)
    yield Check("responses stored", found.stored, respondents)
    yield Check("responses counted live", found.total, respondents)
    yield Check("sum of the daily series", found.per_day, respondents)
    for vote, count in sorted(study.distribution(COLUMN).items()):
        yield Check(f"votes for {vote}", found.votes.get(vote), count)
    expected = study.cross_tab()
    for cell in sorted(expected.keys() | found.cross_tab.keys()):
        yield Check(" / ".join(cell), found.cross_tab.get(cell), expected.get(cell))
    yield Check("mean age", found.mean_age, study.mean("age"))
    yield Check("webhooks verified", len(run.receiver.messages), respondents)
    yield Check("webhooks about another response", _strangers(run), 0)
    yield Check("webhooks refused", len(run.receiver.refused), 0)


def _strangers(run: Demonstration) -> int:
    named = {message["data"]["response_id"] for message in run.receiver.messages.values()}
    return len(named ^ run.submitted)
