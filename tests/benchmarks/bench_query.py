"""`bench query`: what the query language costs before anything is read, and after it is printed.

First the time from JSON to a plan and to a printed pipeline. Then, where MONGO_TEST_URL names a
document database, pipelines printed by us against pipelines written by hand, in turns on the same
documents: ratios of medians.
"""

import os
import statistics
import sys
import tempfile
import time

ROUNDS = 400
ASKED = 15
DOCUMENTS = 50_000
FORM_ID = "6b00000000000000000000bb"
MOST_MS, MOST_RATIO = 0.3, 1.1

SHORT = {
    "aggregate": "count",
    "group_by": "data.department",
    "filter": {"submitted_at": {"$gte": "2026-01-01"}, "data.status": {"$eq": "approved"}},
}
LONG = {
    "measures": ["count", {"op": "avg", "field": "age"}, {"op": "max", "field": "amount"}],
    "group_by": ["department", {"field": "submitted_at", "granularity": "month"}],
    "filter": {
        "$or": [{"member": True}, {"age": {"$between": [18, 65]}}],
        "tags": {"$in": ["red"]},
    },
    "date_range": ["2026-01-01", "2026-12-31"],
    "timezone": "Europe/Paris",
    "sort": {"field": "count", "desc": True},
}
QUERIES = {"short": SHORT, "long": LONG}


def by_hand(query):
    """The same questions as somebody who knows MongoDB writes them."""
    from datetime import UTC, datetime

    if query is SHORT:
        since = {"$gte": datetime(2026, 1, 1, tzinfo=UTC)}
        return [
            {"$match": {"submitted_at": since, "data.status": "approved"}},
            {"$group": {"_id": "$data.department", "value": {"$sum": 1}}},
        ]
    span = {
        "$gte": datetime(2025, 12, 31, 23, tzinfo=UTC),
        "$lt": datetime(2026, 12, 31, 23, tzinfo=UTC),
    }
    adult = {"data.age": {"$gte": 18, "$lte": 65}}
    match = {"submitted_at": span, "$or": [{"data.member": True}, adult], "data.tags": "red"}
    month = {"date": "$submitted_at", "format": "%Y-%m", "timezone": "Europe/Paris"}
    return [
        {"$match": match},
        {
            "$group": {
                "_id": {"d": "$data.department", "m": {"$dateToString": month}},
                "n": {"$sum": 1},
                "age": {"$avg": "$data.age"},
                "amount": {"$max": "$data.amount"},
            }
        },
    ]


def compile_times(dsl, query):
    """Milliseconds of each of many compilations."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        dsl.to_mongo_pipeline(dsl.parse(query))
        found.append((time.perf_counter() - started) * 1000)
    return found


def answer_times(store, pipelines):
    """Seconds of every pipeline, asked in turns."""
    found = [[] for _ in pipelines]
    for _ in range(ASKED):
        for times, pipeline in zip(found, pipelines, strict=True):
            started = time.perf_counter()
            store.aggregate_responses(FORM_ID, pipeline, max_time_ms=60_000)
            times.append(time.perf_counter() - started)
    return found


def compilations():
    """Query → (median, 95th percentile) of milliseconds from JSON to a printed pipeline."""
    from analytics.query_builder import QueryDSL
    from tests.test_analytics import study

    dsl, found = QueryDSL(study.version(FORM_ID)), {}
    for name, query in QUERIES.items():
        times = compile_times(dsl, query)
        found[name] = (statistics.median(times), statistics.quantiles(times, n=20)[-1])
    return found


def pipelines(url):
    """Query → seconds of the pipeline we print, and of the one written by hand."""
    from analytics.query_builder import QueryDSL
    from tests.test_analytics import study

    dsl, found = QueryDSL(study.version(FORM_ID)), {}
    base, _, options = url.partition("?")
    server = base.rsplit("/", 1)[0] if base.count("/") > 2 else base
    store = filled_store(f"{server}/fp_bench_query?{options}")
    try:
        for name, query in QUERIES.items():
            both = [dsl.to_mongo_pipeline(dsl.parse(query)), by_hand(query)]
            found[name] = tuple(map(statistics.median, answer_times(store, both)))
    finally:
        from formplatform.forms.storage.mongo import connection
        from formplatform.forms.storage.mongo.documents import DOCUMENTS as KINDS

        database = connection.collection(KINDS[0]).database
        database.client.drop_database(database.name)
    return found


def filled_store(url):
    from django.conf import settings

    from formplatform.forms.storage.mongo import connection
    from formplatform.forms.storage.mongo.store import MongoFormStore
    from tests.test_analytics import study

    settings.MONGO_URL = url
    connection.open_connection(url)
    store = MongoFormStore()
    store.ensure_indexes()
    for seed in range(DOCUMENTS // 5000):
        store.insert_responses(study.responses(FORM_ID, 5000, seed=seed))
    return store


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "formplatform.settings.local")
    os.environ["DATA_DIRECTORY"] = tempfile.mkdtemp(prefix="fp-bench-")
    os.environ.setdefault("ENV_FILE", "/dev/null")
    import django

    django.setup()
    print(f"{'query':8}{'median ms':>12}{'p95 ms':>10}   target <= {MOST_MS} ms")
    for name, (median, p95) in compilations().items():
        print(f"{name:8}{median:>12.3f}{p95:>10.3f}")
    url = os.environ.get("MONGO_TEST_URL")
    if not url:
        print("not run: the pipelines, without MONGO_TEST_URL")
        return 0
    print(f"{'query':8}{'ours s':>12}{'by hand s':>12}{'ratio':>8}   target <= {MOST_RATIO}x")
    for name, (ours, theirs) in pipelines(url).items():
        print(f"{name:8}{ours:>12.4f}{theirs:>12.4f}{ours / theirs:>8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
