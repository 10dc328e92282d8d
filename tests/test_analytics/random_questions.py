"""Hypothesis strategies for whatever may be asked of the study: a query, and when it is asked."""

import itertools
from dataclasses import dataclass
from datetime import datetime

from hypothesis import HealthCheck, Phase, given, seed as seeded, settings, strategies as st

from tests.test_analytics.pandas_oracle import MOST_GROUPS
from tests.test_analytics.random_held_queries import held_queries
from tests.test_analytics.random_long_queries import long_queries
from tests.test_analytics.random_option_tops import option_top_queries
from tests.test_analytics.random_personal_queries import personal_queries
from tests.test_analytics.random_queries import queries
from tests.test_analytics.random_series import every_series
from tests.test_analytics.random_short_queries import short_queries
from tests.test_analytics.random_spans import MOMENTS_ASKED_AT
from tests.test_analytics.random_tables import crosstabs
from tests.test_analytics.random_wrong_queries import wrong_queries

AT_ONCE = 10
"""Of so many Hypothesis makes the first as simple as can be, and each of the others anew; of more,
most would be variations of those before.
"""
FEW_GROUPS = 9
right_queries = [
    queries(),
    short_queries(),
    long_queries(),
    long_queries(plain=True),
    long_queries(weighted=True),
    every_series,
    every_series,
    held_queries,
    held_queries,
    crosstabs(),
    option_top_queries,
    personal_queries(),
]


@dataclass(frozen=True)
class Question:
    """`most` groups are allowed; `refused` are the place and the code of what is wrong; of personal
    answers asks who has the right to.
    """

    query: dict
    now: datetime
    most: int = MOST_GROUPS
    refused: tuple | None = None

    @property
    def personal(self):
        return self.refused is None and "email" in str(self.query)


@st.composite
def questions(draw):
    """Some are wrong, and some may have few groups only."""
    now = draw(st.sampled_from(MOMENTS_ASKED_AT))
    make = draw(st.sampled_from([*right_queries, None]))
    if make is None:
        query, refused = draw(wrong_queries())
        return Question(query, now, refused=refused)
    most = draw(st.sampled_from([*[MOST_GROUPS] * 11, FEW_GROUPS]))
    return Question(draw(make), now, most=most)


def random_questions(seed):
    """Questions without an end, the same ones for the same seed."""
    for number in itertools.count():
        yield from some_questions(f"{seed}:{number}")[1:]


def some_questions(seed):
    drawn = []

    @seeded(seed)
    @settings(
        max_examples=AT_ONCE,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(question=questions())
    def draw(question):
        drawn.append(question)

    draw()
    return drawn
