"""What a server's `explain` says of how it finds documents: names of indexes and a number.

Its other texts repeat what a query compares with, so nothing of them goes on. Only plans that won
are looked at. MongoDB has one below `winningPlan`, of its newer executor in the `queryPlan` there;
where not all stages are one plan it is in the first one's `$cursor`, and each shard has its own.
DocumentDB shows a plan of PostgreSQL (`pgPlan`). What looks otherwise is not guessed at.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from formplatform.forms.storage.base import Access

Said = Mapping[str, Any]
Found = tuple[set[str] | None, int | None]
"""The indexes of one plan, and the documents it expects; None: it does not say."""

WITHOUT_INDEX = {"COLLSCAN", "EOF"}
FINDING = {"FETCH", "OR", "SORT_MERGE", "IXSCAN", "COLLSCAN"}
"""The first of them from the top gives out what the `$match` lets through."""
SCAN = "DocumentDBApiExplainQueryScan"

STRANGE = "The server explains in a way that is not known here."
UNEVEN = "Some shards use an index and some use none."
UNCOUNTED = "The server's planner expects no number."


def silent(why: str) -> Access:
    """Of a server that said nothing."""
    return Access(unknown={"indexes": why, "documents": why})


def access_of(said: Said) -> Access:
    """What is said for certain; of the rest None, and why."""
    try:
        found = list(_found(said))
    except (LookupError, TypeError, ValueError, AttributeError):
        return silent(STRANGE)
    names, numbers = [each for each, _ in found], [number for _, number in found]
    unknown = {}
    if None in names:
        unknown["indexes"] = STRANGE
    elif not all(names) and any(names):
        unknown["indexes"] = UNEVEN
    if None in numbers:
        unknown["documents"] = UNCOUNTED
    indexes = sorted({name for each in names for name in each or ()})
    return Access(
        indexes=None if "indexes" in unknown else tuple(indexes),
        documents=None if "documents" in unknown else sum(number or 0 for number in numbers),
        unknown=unknown,
    )


def _found(said: Said) -> Iterator[Found]:
    """Of each plan that won: one for each shard, or one. Raises what a strange shape raises."""
    if "shards" in said:
        for shard in said["shards"].values():
            yield from _found(shard)
    elif "stages" in said:
        yield from _found(said["stages"][0]["$cursor"])
    elif "pgPlan" in said["queryPlanner"]:
        scans = [scan for plan in said["queryPlanner"]["pgPlan"] for scan in _scans(plan["Plan"])]
        yield from map(_of_scan, scans or [{}])
    else:
        winner = said["queryPlanner"]["winningPlan"]
        for shard in winner.get("shards", [{"winningPlan": winner}]):
            yield _of_plan(shard["winningPlan"])


def _of_plan(plan: Said) -> Found:
    nodes = list(_nodes(plan))
    names = [_index_of(node) for node in nodes]
    finding = next((node for node in nodes if node["stage"] in FINDING), {})
    number = finding.get("cardinalityEstimate")
    known = None if None in names else {name for name in names if name}
    return known, None if number is None else round(number)


def _nodes(plan: Said) -> Iterator[Said]:
    """The stages of a plan, from the top."""
    plan = plan.get("queryPlan", plan)
    yield plan
    for each in _below(plan):
        yield from _nodes(each)


def _below(plan: Said) -> list[Said]:
    return [*([plan["inputStage"]] if "inputStage" in plan else []), *plan.get("inputStages", [])]


def _index_of(node: Said) -> str | None:
    """The index a stage looks into, nothing where it is none that looks; None: not to be told."""
    if "indexName" in node:
        return str(node["indexName"])
    return "" if _below(node) or node["stage"] in WITHOUT_INDEX else None


def _scans(node: Said) -> Iterator[Said]:
    if node.get("Custom Plan Provider") == SCAN:
        yield node
    for each in node.get("Plans", []):
        yield from _scans(each)


def _of_scan(scan: Said) -> Found:
    return {str(each["indexName"]) for each in scan["IndexDetails"]}, round(scan["Plan Rows"])
