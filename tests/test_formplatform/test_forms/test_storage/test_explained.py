"""What is taken from a server's `explain`: of every shape the index and the number, or neither."""

import pytest

from formplatform.forms.storage.mongo.explained import (
    STRANGE,
    UNCOUNTED,
    UNEVEN,
    access_of,
)

SECRET = "the answer of a respondent"
REJECTED = [{"stage": "IXSCAN", "indexName": "response_changed", "indexBounds": {"x": [SECRET]}}]


def index(name="response_newest", **more):
    bounds = {"form_id": ["[ObjectId('0'), ObjectId('0')]"], "data.vote": [SECRET]}
    return {"stage": "IXSCAN", "indexName": name, "indexBounds": bounds, **more}


def fetch(below, **more):
    return {"stage": "FETCH", "filter": {"data.vote": {"$eq": SECRET}}, "inputStage": below, **more}


def planner(winner):
    return {
        "queryPlanner": {
            "namespace": "fp.form_responses",
            "parsedQuery": {"data.vote": {"$eq": SECRET}},
            "winningPlan": winner,
            "rejectedPlans": REJECTED,
        }
    }


def newer(winner):
    """As the slot-based executor has it."""
    return {"queryPlan": winner, "slotBasedPlan": {"stages": f"[1] {SECRET} response_live"}}


def stages(winner):
    rest = {"$group": {"_id": SECRET}}
    return {"explainVersion": "1", "stages": [{"$cursor": planner(winner)}, rest]}


def shards(*each):
    """As `mongos` answers."""
    return {"mergeType": "mongos", "shards": {f"s{n}": one for n, one in enumerate(each)}}


def scan(rows, *names):
    """As DocumentDB has it, on top of PostgreSQL's own."""
    inner = {"Node Type": "Index Scan", "Filter": SECRET, "Plan Rows": 5, "Index Name": "x"}
    return {
        "Node Type": "Custom Scan",
        "Custom Plan Provider": "DocumentDBApiExplainQueryScan",
        "Plan Rows": rows,
        "IndexDetails": [{"indexName": name, "indexBounds": [SECRET]} for name in names],
        "IndexCosts": [{"indexName": "_id_"}],
        "Plans": [inner],
    }


def postgres(*below):
    plan = {"Node Type": "Aggregate", "Plan Rows": 1, "Plans": list(below)}
    return {"queryPlanner": {"namespace": "fp.form_responses", "pgPlan": [{"Plan": plan}]}}


BOTH = {"stage": "OR", "inputStages": [index("a"), index("b")]}
GROUP = {"stage": "GROUP", "inputStage": fetch(index())}
COUNTED = fetch(index(cardinalityEstimate=50.0), cardinalityEstimate=41.6)
SINGLE = {
    "stage": "SINGLE_SHARD",
    "shards": [{"shardName": "s0", "winningPlan": newer(fetch(index()))}],
}

KNOWN = {
    "one plan": (planner(fetch(index())), ["response_newest"], None),
    "the newer executor": (planner(newer(GROUP)), ["response_newest"], None),
    "stages behind a cursor": (stages(fetch(index("response_live"))), ["response_live"], None),
    "a cursor of the newer executor": (stages(newer(fetch(index()))), ["response_newest"], None),
    "two indexes": (planner(fetch(BOTH)), ["a", "b"], None),
    "no index": (planner({"stage": "COLLSCAN", "filter": {"x": SECRET}}), [], None),
    "no collection": (planner({"stage": "EOF"}), [], None),
    "a planner that estimates": (planner(COUNTED), ["response_newest"], 42),
    "shards": (shards(planner(COUNTED), stages(COUNTED)), ["response_newest"], 84),
    "shards of which one estimates": (
        shards(planner(COUNTED), planner(fetch(index("response_live")))),
        ["response_live", "response_newest"],
        None,
    ),
    "one shard's plan in the winner": (planner(SINGLE), ["response_newest"], None),
    "PostgreSQL below": (postgres(scan(57, "response_live")), ["response_live"], 57),
    "two of its indexes": (postgres({"Plans": [scan(9, "b", "a")]}), ["a", "b"], 9),
    "none of its indexes": (postgres(scan(1500)), [], 1500),
}


@pytest.mark.parametrize("shape", KNOWN)
def test_the_index_and_the_number_are_taken_from_the_plan_that_won(shape):
    said, indexes, documents = KNOWN[shape]
    found = access_of(said)
    assert (found.indexes, found.documents) == (tuple(indexes), documents)
    assert found.unknown == ({} if documents is not None else {"documents": UNCOUNTED})
    assert SECRET in str(said)
    assert SECRET not in str(found)


STRANGERS = {
    "nothing": {},
    "an answer without a plan": {"ok": 1.0},
    "no stages": {"stages": []},
    "stages without a cursor": {"stages": [{"$geoNearCursor": {}}]},
    "a plan that is text": planner("IXSCAN response_newest"),
    "a plan without a stage": planner({"optimizerPlan": {"nodeType": "Root"}}),
    "one shard that says nothing": shards(planner(COUNTED), {"host": "s1"}),
    "PostgreSQL without a scan": postgres({"Node Type": "Function Scan", "Plan Rows": 250}),
    "PostgreSQL without details": postgres(scan(5) | {"IndexDetails": None}),
    "no list of indexes": planner(fetch({"stage": "OR", "inputStages": 5})),
}


@pytest.mark.parametrize("shape", STRANGERS)
def test_what_looks_otherwise_is_not_guessed_at(shape):
    found = access_of(STRANGERS[shape])
    assert (found.indexes, found.documents) == (None, None)
    assert found.unknown == {"indexes": STRANGE, "documents": STRANGE}


def test_a_stage_nobody_knows_hides_the_index_and_not_the_number():
    unheard = {"stage": "TELEPATHY", "cardinalityEstimate": 3}
    found = access_of(planner(fetch(unheard, cardinalityEstimate=2)))
    assert (found.indexes, found.documents) == (None, 2)
    assert found.unknown == {"indexes": STRANGE}


def test_an_index_that_not_every_shard_has_is_not_called_the_index():
    found = access_of(shards(planner(COUNTED), planner({"stage": "COLLSCAN"})))
    assert (found.indexes, found.documents) == (None, None)
    assert found.unknown == {"indexes": UNEVEN, "documents": UNCOUNTED}
