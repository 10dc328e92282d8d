"""`bench columns`: a million responses as columns, against hand-written polars and a Python loop.

The responses go through the form store (SQLite), so building is reading them from there. Then ask
three questions in turns: our scan, polars written by hand on the very same files, the same on
Parquet of the same rows, and a loop over the documents as BSON. Reported: medians of the rounds.
"""

import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.survey import DEFINITION, FORM_ID, responses

RESPONSES = 1_000_000
ROUNDS = 9
LOOP_ROUNDS = 2
MOST_OF_POLARS, LEAST_OF_LOOP, MOST_MEMORY_MB = 1.3, 40, 600


# --- The responses ----------------------------------------------------------------------------


def prepare(directory, count):
    """Fill the store, and write the same responses as MongoDB keeps them."""
    import bson
    from django.core.management import call_command

    from formplatform.forms.storage.mongo.records import RESPONSES as DOCUMENTS
    from formplatform.forms.storage.registry import get_store

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    with Path(directory, "documents.bson").open("wb") as file:
        for first in range(0, count, 10_000):
            batch = list(responses(first, min(10_000, count - first)))
            get_store().insert_responses(batch)
            file.writelines(bson.encode(DOCUMENTS.write(each)) for each in batch)
    return {"stored a second": count / (time.perf_counter() - started)}


# --- The questions ----------------------------------------------------------------------------


def count_filtered(frame):
    import polars as pl

    wanted = (pl.col("data.status") == "approved") & (pl.col("data.rating") >= 3)
    return frame.filter(wanted).group_by("data.department").agg(pl.len()).collect()


def three_dimensions(frame):
    import polars as pl

    amount = pl.col("data.amount")
    measures = [
        pl.len(),
        amount.mean().alias("avg"),
        amount.min().alias("min"),
        amount.max().alias("max"),
    ]
    groups = ("data.department", "data.status", "data.rating")
    return frame.group_by(groups).agg(measures).collect()


def median_and_distinct(frame):
    import polars as pl

    amount = pl.col("data.amount")
    measures = [
        amount.median().alias("median"),
        amount.quantile(0.95, "linear").alias("p95"),
        pl.col("data.email").n_unique().alias("people"),
    ]
    return frame.group_by("data.department").agg(measures).collect()


QUESTIONS = {
    "filter + count": count_filtered,
    "3 dimensions, count avg min max": three_dimensions,
    "median, p95, distinct": median_and_distinct,
}


ASKED = {
    "filter + count": {
        "aggregate": "count",
        "group_by": "department",
        "filter": {"status": "approved", "rating": {"$gte": 3}},
    },
    "3 dimensions, count avg min max": {
        "measures": ["count", *({"op": op, "field": "amount"} for op in ("avg", "min", "max"))],
        "group_by": ["department", "status", "rating"],
    },
    "median, p95, distinct": {
        "measures": [
            {"op": "median", "field": "amount"},
            {"op": "percentile", "field": "amount", "p": 95},
            {"op": "count_distinct", "field": "email"},
        ],
        "group_by": "department",
    },
}


def ask(question, frame):
    """Our side: the groups of a query, from its JSON on."""
    from analytics.query.frames import columnar
    from analytics.query.plan import plan_of
    from analytics.query_builder import QueryDSL

    query = QueryDSL(fields(), personal_allowed=True).parse(ASKED[question])
    return columnar.answer(plan_of(query, condition=query.spanned), frame)


def loop_count(documents):
    found = defaultdict(int)
    for document in documents:
        data = document["data"]
        if data.get("status") == "approved" and data.get("rating", 0) >= 3:
            found[data.get("department")] += 1
    return found


def loop_dimensions(documents):
    found = {}
    for document in documents:
        data = document["data"]
        key = (data.get("department"), data.get("status"), data.get("rating"))
        amount = data["amount"]
        seen = found.get(key)
        if seen is None:
            found[key] = [1, amount, amount, amount]
        else:
            seen[0] += 1
            seen[1] += amount
            seen[2] = min(seen[2], amount)
            seen[3] = max(seen[3], amount)
    return found


def loop_median(documents):
    amounts, people = defaultdict(list), defaultdict(set)
    for document in documents:
        data = document["data"]
        amounts[data.get("department")].append(data["amount"])
        people[data.get("department")].add(data.get("email"))
    found = {}
    for department, values in amounts.items():
        cuts = statistics.quantiles(values, n=20, method="inclusive")
        found[department] = (statistics.median(values), cuts[18], len(people[department]))
    return found


LOOPS = dict(zip(QUESTIONS, (loop_count, loop_dimensions, loop_median), strict=True))


# --- Measuring --------------------------------------------------------------------------------


@functools.cache
def fields():
    from analytics.fields.form_fields import fields_of_definition
    from formplatform.forms.schema.definition import parse_definition

    return fields_of_definition(parse_definition(DEFINITION))


def build(directory, count):
    """Build in a process of its own, ask, and see how large it grew."""
    import resource

    from analytics.columns import COLUMNS

    started = time.perf_counter()
    scan = COLUMNS.get(FORM_ID, fields())
    built = time.perf_counter() - started
    assert scan.rows == count, scan
    for question in QUESTIONS:
        ask(question, scan.frame)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"build s": built, "built a second": count / built, "peak MB": peak}


def measure(directory, count):
    import polars as pl

    from analytics.columns import COLUMNS
    from analytics.columns.folder import Folder

    folder = Folder.of(FORM_ID, fields())
    first = timed(lambda: COLUMNS.get(FORM_ID, fields()))
    frame = COLUMNS.get(FORM_ID, fields()).frame
    segments = folder.find_manifest()[1].segments
    files = [folder.path / segment.mark.name for segment in segments]
    parquet = Path(directory, "rows.parquet")
    pl.scan_ipc(files).sink_parquet(parquet, compression="zstd")
    found = {"questions": {}, "files": len(files), "MB": folder.size() / 1e6}
    for question, polars in QUESTIONS.items():
        asks = {
            "ours": lambda question=question: ask(question, frame),
            "polars": lambda polars=polars: polars(pl.scan_ipc(files)),
            "parquet": lambda polars=polars: polars(pl.scan_parquet(parquet)),
        }
        found["questions"][question] = in_turns(asks, ROUNDS)
        found["questions"][question]["loop"] = loop_seconds(directory, question, frame)
    found["first get s"] = first
    found["get s"] = statistics.median(
        timed(lambda: COLUMNS.get(FORM_ID, fields())) for _ in "12345"
    )
    return found | changing(count)


def changing(count):
    """What additions and edits cost the next reader, and later questions."""
    from dataclasses import replace

    from analytics.columns import COLUMNS
    from formplatform.core import clock
    from formplatform.forms.domain import revision_of
    from formplatform.forms.storage.registry import get_store

    def stamped(first, size):
        return [replace(each, updated_at=clock.now()) for each in responses(first, size)]

    def get():
        return COLUMNS.get(FORM_ID, fields())

    store, found = get_store(), {}
    for size in (1, 1000):
        store.insert_responses(stamped(count, size))
        found[f"get after {size} more s"] = timed(get)
    edited = stamped(0, 1000)
    for each in edited:
        older = replace(each, revision=1)
        newer = replace(each, revision=2)
        assert store.replace_response(newer, expected_revision=1, previous=revision_of(older))
    found["get after 1000 edits s"] = timed(get)
    frame = get().frame
    found["after edits"] = {
        question: in_turns({"ours": lambda question=question: ask(question, frame)}, ROUNDS)["ours"]
        for question in QUESTIONS
    }
    return found


def in_turns(asks, rounds):
    """Median seconds of each, the order turning from round to round."""
    seconds, names = defaultdict(list), list(asks)
    for number in range(rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            seconds[name].append(timed(asks[name]))
    return {name: statistics.median(found[1:]) for name, found in seconds.items()}


def loop_seconds(directory, question, frame):
    import bson

    found = []
    for _ in range(LOOP_ROUNDS):
        started = time.perf_counter()
        with Path(directory, "documents.bson").open("rb") as file:
            groups = LOOPS[question](bson.decode_file_iter(file))
        found.append(time.perf_counter() - started)
    assert len(groups) == len(ask(question, frame))
    return statistics.median(found)


def timed(act):
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


# --- Reporting --------------------------------------------------------------------------------

STEPS = {"prepare": prepare, "build": build, "measure": measure}


def main(arguments=()):
    count = int(arguments[0]) if arguments else RESPONSES
    with tempfile.TemporaryDirectory() as directory:
        return report(figures(directory, count), count)


def figures(directory, count):
    Path(directory, "db").mkdir()
    found = {}
    for step in STEPS:
        found |= in_a_process("tests.benchmarks.bench_columns", step, directory, count)
    return found


def in_a_process(module, step, directory, count):
    ended = subprocess.run(
        [sys.executable, "-m", module, step, directory, str(count)],
        env={
            **os.environ,
            "DATA_DIRECTORY": directory,
            "DJANGO_SETTINGS_MODULE": "tests.queued_settings",
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ended.stdout)


def report(found, count):
    print(f"{count:,} responses of 8 fields: {found['MB']:.0f} MB in {found['files']} files")
    print(
        f"\n{'milliseconds':<34}{'ours':>8}{'polars':>8}{'parquet':>9}{'loop':>9}"
        f"{'/polars':>9}{'/parquet':>9}{'loop/':>8}{'edited':>8}"
    )
    good = found["peak MB"] <= MOST_MEMORY_MB
    for question, seconds in found["questions"].items():
        ours, polars, parquet, loop = (
            1000 * seconds[name] for name in ("ours", "polars", "parquet", "loop")
        )
        edited = 1000 * found["after edits"][question]
        good = good and ours <= MOST_OF_POLARS * polars and loop >= LEAST_OF_LOOP * ours
        print(
            f"{question:<34}{ours:>8.1f}{polars:>8.1f}{parquet:>9.1f}{loop:>9.0f}"
            f"{ours / polars:>8.2f}x{ours / parquet:>8.2f}x{loop / ours:>7.0f}x{edited:>8.1f}"
        )
    print(
        f"\nstored {found['stored a second']:,.0f} a second; built in {found['build s']:.1f} s "
        f"({found['built a second']:,.0f} a second); peak memory of building and asking "
        f"{found['peak MB']:.0f} MB"
    )
    for name in (
        "first get",
        "get",
        "get after 1 more",
        "get after 1000 more",
        "get after 1000 edits",
    ):
        print(f"{name:<24}{1000 * found[f'{name} s']:>9.1f} ms")
    print(
        f"targets: {MOST_OF_POLARS}x polars, {LEAST_OF_LOOP}x the loop, {MOST_MEMORY_MB} MB: "
        + ("met" if good else "MISSED")
    )
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in STEPS:
        import django

        django.setup()
        step, directory, count = sys.argv[1:]
        print(json.dumps(STEPS[step](directory, int(count))))
    else:
        sys.exit(main(sys.argv[1:]))
