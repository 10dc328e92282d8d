"""Every engine gives the same answer to the same question, and it is the right one.

Random queries are asked of forms whose responses come, change and go. The live numbers, the columns
and, where MONGO_TEST_URL names a server, the document database answer each of them alone; what they
say is held against readings that share no code with them. --queries says how many, --seed where
chance begins; a round that differs can be run again alone with the seed that is printed.
"""

import os
import sys
import tempfile
import time
import uuid

from boot import progress
from tests.soak.options import embedded_stores, read_options

A_ROUND = 250
SHOWN_REASONS = 12
COLUMNS = ("passed on", "answered", "refused", "pages", "differ")
RAREST = 8
ENOUGH = 5_000
"""Of so many queries one has to say each word of the language."""


def main() -> int:
    options = read_options(__doc__, queries=10_000, seed=1)
    with tempfile.TemporaryDirectory(prefix="fp-soak-") as directory:
        documents = own_database(os.environ.get("MONGO_TEST_URL", ""))
        os.environ.update(embedded_stores(directory) | {"MONGO_URL": documents})
        import django

        django.setup()
        try:
            return soak(options.queries, options.seed)
        finally:
            drop_own_database()


def own_database(url: str) -> str:
    """The server of a URL, with a database of this run's own."""
    servers, _, rest = url.partition("://")[2].partition("/")
    name = f"fp_soak_{uuid.uuid4().hex[:12]}"
    return f"mongodb://{servers}/{name}?{rest.partition('?')[2]}" if url else ""


def drop_own_database() -> None:
    from django.conf import settings

    if settings.MONGO_URL:
        import pymongo

        with pymongo.MongoClient(settings.MONGO_URL) as client:
            client.drop_database(client.get_default_database().name)


def soak(queries: int, seed: int) -> int:
    from django.conf import settings

    from formplatform.core.embedded import ensure_stores
    from formplatform.core.preparation import prepare
    from formplatform.forms.storage.registry import get_store
    from tests.test_analytics.agreement import Report, Round

    ensure_stores()
    prepare()
    engines = ["rollup", "columnar", *(["mongodb"] if settings.MONGO_URL else [])]
    report, started, rounds = Report(), time.monotonic(), 0

    def tell() -> None:
        done, differing = report.asked.total(), report.differing.total()
        progress(f"{done:,} of {queries:,} queries, {differing} differences")

    while report.asked.total() < queries:
        count = min(A_ROUND, queries - report.asked.total())
        agreed = report.first is None
        Round(get_store(), engines, seed + rounds, report).run(count, tell)
        rounds += 1
        if agreed and report.first:
            show_difference(report.first)
    progress("")
    seconds = time.monotonic() - started
    print(f"{queries:,} queries over {rounds} forms, seeds from {seed}, {seconds:.0f} s")
    show(report, engines)
    unsaid = show_words(report)
    return 1 if report.first or (unsaid and queries >= ENOUGH) else 0


def show(report, engines: list[str]) -> None:
    changes = ", ".join(f"{count:,} {name}" for name, count in sorted(report.changes.items()))
    print(f"changes between queries: {changes}")
    print("read by " + ", ".join(f"{name}: {count:,}" for name, count in report.asked.items()))
    print(f"\n{'engine':12}" + "".join(f"{each:>10}" for each in COLUMNS))
    for engine in ("rollup", "columnar", "mongodb"):
        if engine not in engines:
            print(f"{engine:12}{'not run':>10}  no MONGO_TEST_URL")
            continue
        passed = sum(n for (name, _), n in report.passed.items() if name == engine)
        found = (report.answered, report.refused, report.pages, report.differing)
        counts = [passed, *(each[engine] for each in found)]
        print(f"{engine:12}" + "".join(f"{count:>10,}" for count in counts))
    for (engine, reason), count in report.passed.most_common(SHOWN_REASONS):
        print(f"{count:>8,} not {engine}: {reason}")


def show_words(report) -> bool:
    """How often what the language names was in a query that was answered, the rarest first.

    Whether some of it never was.
    """
    from tests.test_analytics.questions.vocabulary import vocabulary

    words = sorted(vocabulary(), key=lambda word: report.words[word, "columnar"])
    rarest = ", ".join(f"{word} ({report.words[word, 'columnar']:,})" for word in words[:RAREST])
    print(f"the language names {len(words)} things; in answered queries were, seldom: {rarest}")
    return not report.words[words[0], "columnar"]


def show_difference(first) -> None:
    question = first.question
    print(f"\nThe first difference: query {first.number} of seed {first.seed}, {first.engine}")
    print(f"asked at  {question.now}, at most {question.most:,} groups\nquery     {question.query}")
    print(f"found     {first.found}\nexpected  {first.expected}")


if __name__ == "__main__":
    sys.exit(main())
