"""`bench analytics [--responses N]`: every figure analytics promises, in one run and one table.

It calls the benches of the parts. A million responses of eight fields by default, through the form
store; ratios are against peers measured in the same run. A busy machine makes single figures
worse: the peer's and ours take turns, so read the ratios.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tests.benchmarks import bench_aggregator as counting, bench_columns as columns, bench_query
from tests.benchmarks.survey import DEFINITION, FORM_ID

RESPONSES = 1_000_000
MODULE = "tests.benchmarks.bench_analytics"
ASKED = 200
MOVED = 60
ROLLUP_MS, FRESH_SECONDS = 5, 1
ROLLUPS = {
    "count by a choice": {"aggregate": "count", "group_by": "department"},
    "series by day": {
        "aggregate": "count",
        "group_by": {"field": "submitted_at", "granularity": "day"},
    },
    "average of a number": {"aggregate": "avg", "value": "data.amount"},
}
Row = tuple[str, str, str, bool | None]
"""What, its figure, its target, whether it is met (None: it has none)."""


def count_anew(_directory, _count):
    """Rebuild the numbers of all responses from the store, then ask them."""
    from analytics.query_builder import run_query
    from analytics.rebuild import rebuild
    from formplatform.core import clock
    from formplatform.core.connections import numbers
    from formplatform.forms.domain import FormVersion
    from formplatform.forms.storage.registry import get_store

    store = get_store()
    store.insert_version(
        FormVersion(
            form_id=FORM_ID,
            number=1,
            definition=DEFINITION,
            published_at=clock.now(),
        )
    )
    soon = clock.now() + timedelta(hours=1)
    waiting = store.find_undispatched(before=soon, limit=10_000)
    store.mark_dispatched({each.id: each.revision for each in waiting}, at=clock.now())
    count = store.count_responses(FORM_ID)
    with counting.valkey():
        seconds = columns.timed(lambda: rebuild(FORM_ID))
        asked = {}
        for name, query in ROLLUPS.items():
            answer = run_query(FORM_ID, query | {"engine": "rollup"})
            assert (answer.engine, answer.base_n) == ("rollup", count), answer
            times = [
                columns.timed(lambda query=query: run_query(FORM_ID, query)) for _ in range(ASKED)
            ]
            asked[name] = 1000 * statistics.median(times)
        memory = numbers().info("memory")["used_memory"]
    return {"rebuilt a second": count / seconds, "rollup ms": asked, "redis MB": memory / 1e6}


def count_in_turns(_directory, _count):
    with counting.valkey():
        return counting.figures()


def compile_queries(_directory, _count):
    url = os.environ.get("MONGO_TEST_URL")
    return {
        "compile ms": bench_query.compilations(),
        "pipelines": bench_query.pipelines(url) if url else {},
    }


def follow_responses(directory, _count):
    """Seconds from a 201 until a reader of the live numbers has the new total."""
    import contextlib
    import re

    from tests.fakes.live_web import LiveClient
    from tests.test_analytics import study
    from tests.test_formplatform.test_core.test_stack import Platform, manage

    own = Path(directory, "platform")
    own.mkdir()
    platform = Platform(own)
    try:
        key = manage(own, "create_api_key").stdout.strip()
        client = LiveClient(int(re.search(r"\d+$", platform.site)[0]), {"ada": key})
        client.make_form(study.DEFINITION)
        seconds = []
        with contextlib.closing(client.listen()) as reader:
            reader.next()
            for age in range(MOVED + 1):
                client.submit(age=age)
                taken = time.monotonic()
                found = reader.wait_for("diff")[2]
                seconds.append(time.monotonic() - taken)
                assert found["changed"]["total_responses"] == age + 1
    finally:
        platform.end()
    return {"fresh s": statistics.quantiles(seconds[1:], n=20)[-1]}


STEPS = {
    "numbers": count_anew,
    "aggregator": count_in_turns,
    "queries": compile_queries,
    "freshness": follow_responses,
}


def main(arguments):
    parser = argparse.ArgumentParser(prog="boot.py bench analytics", description=__doc__)
    parser.add_argument("--responses", type=int, default=RESPONSES)
    count = parser.parse_args(arguments).responses
    with tempfile.TemporaryDirectory(prefix="fp-bench-") as directory:
        print(f"columns of {count:,} responses …", file=sys.stderr)
        found = columns.figures(directory, count)
        for step in STEPS:
            print(f"{step} …", file=sys.stderr)
            found |= columns.in_a_process(MODULE, step, directory, count)
    rows = [
        *aggregator_rows(found),
        *column_rows(found),
        *query_rows(found),
        at_most("from a 201 to the number moving, p95 s", found["fresh s"], FRESH_SECONDS),
    ]
    return report(rows)


def aggregator_rows(found):
    peer = found["rates"][counting.PEER]
    for name, rate in found["rates"].items():
        yield at_least(name, rate / peer, counting.TARGETS.get(name))
    yield at_least("a whole rebuild, read from the store", found["rebuilt a second"] / peer, None)
    for name, size in found["bytes"].items():
        yield at_most(f"bytes to know a response by, {name}", size, counting.MOST_BYTES)
    for name, milliseconds in found["rollup ms"].items():
        yield at_most(f"live numbers asked: {name}, p50 ms", milliseconds, ROLLUP_MS)
    yield ("memory of Redis for all of it, MB", f"{found['redis MB']:.1f}", "", None)


def column_rows(found):
    for name, seconds in found["questions"].items():
        ours = seconds["ours"]
        yield at_most(f"{name} / polars", ours / seconds["polars"], columns.MOST_OF_POLARS)
        on_parquet = ours / seconds["parquet"]
        yield at_most(f"{name} / polars on Parquet", on_parquet, columns.MOST_OF_POLARS)
        yield at_least(f"a loop / {name}", seconds["loop"] / ours, columns.LEAST_OF_LOOP)
    yield at_most("peak memory of columns, MB", found["peak MB"], columns.MOST_MEMORY_MB)


def query_rows(found):
    for name, (median, _) in found["compile ms"].items():
        yield at_most(f"{name} query compiled, ms", median, bench_query.MOST_MS)
    for name, (ours, theirs) in found["pipelines"].items():
        yield at_most(f"{name} pipeline / by hand", ours / theirs, bench_query.MOST_RATIO)
    if not found["pipelines"]:
        yield ("pipelines", "not run", "MONGO_TEST_URL", None)


def at_most(name, figure, target):
    return name, f"{figure:.2f}", f"≤ {target}", figure <= target


def at_least(name, figure, target):
    return name, f"{figure:.1f}x", f"≥ {target}x" if target else "", target and figure >= target


def report(rows):
    words = {True: "met", False: "MISSED", None: ""}
    for name, figure, target, met in rows:
        print(f"{name:60}{figure:>12}  {target:12}{words[met]}")
    return 1 if any(met is False for *_, met in rows) else 0


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in STEPS:
        import django

        django.setup()
        step, directory, count = sys.argv[1:]
        print(json.dumps(STEPS[step](directory, int(count))))
    else:
        sys.exit(main(sys.argv[1:]))
