"""Which rows of an answer there are, and in which order, by plain sorting."""

from tests.test_analytics.oracle import oracle
from tests.test_analytics.oracle.pandas_figures import measures
from tests.test_analytics.oracle.pandas_groups import OTHER, name_of, start_of_bin

BEYOND = (2, 0)
"""All others among the values of one group: after them."""
COMPARE = {
    "$eq": lambda a, b: a == b,
    "$ne": lambda a, b: a != b,
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def having(asked, found):
    for name, tests in (asked or {}).items():
        if name == "$not":
            true = not having(tests, found)
        elif name in ("$and", "$or"):
            true = (all if name == "$and" else any)(having(each, found) for each in tests)
        else:
            value = found[name]
            true = all(
                op == "$ne" if value is None else COMPARE[op](value, operand)
                for op, operand in tests.items()
            )
        if not true:
            return False
    return True


class Descending:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return other.value < self.value

    def __eq__(self, other):
        return other.value == self.value

    def __hash__(self):
        return hash(self.value)


def order(query, keys):
    """A sort key: the row of all others last, a missing value below every other."""
    names = [name_of(each) for each in keys]
    asked = query.get("sort", [])
    asked = asked if isinstance(asked, list) else [asked]
    wanted = []
    for each in asked:
        named = each["field"].removeprefix("data.")
        shown = names if named == "_id" else [named]
        wanted += [(name, each.get("desc", False)) for name in shown]
    timed = any(
        "bins" in each
        or each.get("granularity")
        or oracle.kind_of(each["field"]) in ("fact", "datetime")
        for each in keys
    )
    if not asked and not timed:
        wanted.append((measures(query)[0]["as"], True))
    wanted += [(name, False) for name in names if name not in {n for n, _ in wanted}]

    def key(found):
        parts = [found["#other"]]
        for name, descending in wanted:
            value = found[name]
            if name in names:
                place = names.index(name)
                value = found["#key"][place]
                if value is not None and "bins" in keys[place]:
                    value = start_of_bin(value)
            part = (value is not None, 0 if value is None else value)
            if name in names and value == OTHER:
                part = BEYOND
            parts.append(Descending(part) if descending else part)
        return parts

    return key
