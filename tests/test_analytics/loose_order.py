"""Rows in the order of figures whose last digits depend on the order of adding."""

import itertools
import math

from tests.test_analytics.oracle.pandas_groups import OTHER, dimensions, name_of, plain
from tests.test_analytics.questions.random_long_queries import NOISY


def sorts_loosely(query):
    """Whether rows that are alike to the last digits may change places."""
    asked = query.get("sort") or {}
    noisy = {
        each["as"] for each in query.get("measures", []) if "as" in each and each["op"] in NOISY
    }
    return isinstance(asked, dict) and asked.get("field") in noisy


def arranged(rows, query):
    """The rows by their groups, and whether they were in the order that was asked for."""
    names = [name_of(each) for each in dimensions(query)]
    by, descending = query["sort"]["field"], query["sort"].get("desc", False)
    last = [OTHER in [row[name] for name in names] for row in rows]
    own = [row[by] for row, is_other in zip(rows, last, strict=True) if not is_other]
    pairs = itertools.pairwise(reversed(own) if descending else own)
    return {
        "others last": last == sorted(last),
        "in order": all(not_above(*pair) for pair in pairs),
        "rows": sorted(rows, key=lambda row: [text_of(row[name]) for name in names]),
    }


def text_of(group):
    """The same of a text as of a constant that equals it."""
    return str.__str__(group) if isinstance(group, str) else repr(plain(group))


def not_above(one, two):
    if one is None or two is None:
        return one is None
    return one <= two or math.isclose(one, two, rel_tol=1e-9, abs_tol=1e-9)
