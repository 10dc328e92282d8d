"""Responses as rows of pandas."""

import pandas as pd

from tests.test_analytics.oracle import oracle
from tests.test_analytics.oracle.pandas_figures import measures
from tests.test_analytics.oracle.pandas_groups import dimensions


def table(query, responses):
    """One row per response: its values by field name, in no type of pandas' own."""
    names = {each["field"] for each in dimensions(query)}
    names |= {each["field"] for each in measures(query) if "field" in each}
    columns = {name: [oracle.value_of(each, name) for each in responses] for name in names}
    columns["#response"] = list(responses)
    if "weights" in query:
        columns["#weight"] = [oracle.value_of(each, query["weights"]) for each in responses]
    frame = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in columns.items()})
    by_time = sorted(
        range(len(responses)), key=lambda n: (responses[n].submitted_at, responses[n].id)
    )
    return frame.iloc[by_time].reset_index(drop=True)
