"""How fast an import is, against the store's own bulk insert of the same documents.

    boot.py bench import

Both take turns in one process on an emptied SQLite file, and on MongoDB where MONGO_TEST_URL names
one. The import reads a file, checks every answer, keeps checkpoints and announces; the bulk insert
is given finished documents in batches of the same size. Reported: the median of the rounds.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
COPIES = 20
"""How often the study's 944 respondents are taken."""
TARGET = 0.5


def main():
    """Print a table of ratios; each store runs in a process of its own."""
    stores = {"SQLite": {}}
    if url := os.environ.get("MONGO_TEST_URL"):
        stores["MongoDB"] = {"MONGO_URL": url}
    print(f"{'store':<10}{'format':<8}{'rows':>8}{'bulk/s':>10}{'import/s':>10}{'ratio':>8}")
    worst = 1.0
    for name, variables in stores.items():
        for file_format in ("ndjson", "csv"):
            found = _in_a_process(file_format, variables)
            worst = min(worst, found["ratio"])
            print(
                f"{name:<10}{file_format:<8}{found['rows']:>8}{found['bulk']:>10.0f}"
                f"{found['import']:>10.0f}{found['ratio']:>8.2f}"
            )
    print(f"target: {TARGET} of the bulk insert; worst here: {worst:.2f}")
    return 0 if worst >= TARGET else 1


def _in_a_process(file_format, variables):
    settings = {"DJANGO_SETTINGS_MODULE": "tests.queued_settings"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_import", file_format],
        env={**os.environ, **settings, **variables},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(ended.stdout)


def measure(file_format):
    """Median rates of both, and the median of the rounds' ratios."""
    form, content = _prepare(file_format)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, f"rows.{file_format}")
        path.write_bytes(content)
        rounds = [_one_round(form, path, number) for number in range(ROUNDS)]
    _drop_database()
    return {
        "rows": rounds[0][0],
        "bulk": statistics.median(bulk for _, bulk, _ in rounds),
        "import": statistics.median(imported for _, _, imported in rounds),
        "ratio": statistics.median(imported / bulk for _, bulk, imported in rounds),
    }


def _prepare(file_format):
    from django.core.management import call_command

    from formplatform.core.actors import Actor
    from formplatform.core.embedded import ensure_stores
    from formplatform.demo.study import load_study
    from formplatform.forms import catalog, publishing
    from formplatform.forms.storage.registry import get_store

    ensure_stores()
    call_command("migrate", verbosity=0)
    get_store().ensure_indexes()
    study = load_study()
    actor = Actor(user_id=1)
    form = catalog.create_form(actor=actor, title=study.title, definition=study.definition)
    publishing.publish_form(form, actor=actor)
    answers = study.answers * COPIES
    write = _csv if file_format == "csv" else _ndjson
    return get_store().find_form(form.id), write(answers, study)


def _drop_database():
    """A MongoDB database of this run's own; the SQLite file goes with its directory."""
    from django.conf import settings

    from formplatform.forms.storage.mongo import connection
    from formplatform.forms.storage.mongo.documents import DOCUMENTS

    if settings.FORM_STORE == "mongo":
        database = connection.collection(DOCUMENTS[0]).database
        database.client.drop_database(database.name)


def _ndjson(answers, _study):
    return b"".join(json.dumps({"answers": each}).encode() + b"\n" for each in answers)


def _csv(answers, study):
    import csv
    import io

    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [field["id"] for field in study.definition["fields"]])
    writer.writeheader()
    writer.writerows(answers)
    return buffer.getvalue().encode()


def _one_round(form, path, number):
    from formplatform.core.actors import Actor
    from formplatform.forms.exports import Format
    from formplatform.forms.import_files import import_file, open_import
    from formplatform.forms.imports import BATCH
    from formplatform.forms.storage.registry import get_store

    started = time.perf_counter()
    job = open_import(
        form,
        path,
        actor=Actor(user_id=1),
        file_format=Format(path.suffix[1:]),
        import_id=f"round {number}",
    )
    report = import_file(job, path)
    imported = report.stored / (time.perf_counter() - started)
    assert report.refused == report.repeated == 0
    documents = _documents(form, report.stored)
    started = time.perf_counter()
    for start in range(0, len(documents), BATCH):
        get_store().insert_responses(documents[start : start + BATCH])
    return len(documents), len(documents) / (time.perf_counter() - started), imported


def _documents(form, count):
    """The responses of the last import, as if they were others: only their ids differ."""
    from dataclasses import replace
    from itertools import chain, islice

    from formplatform.forms.ids import new_id
    from formplatform.forms.storage.registry import get_store

    found = chain.from_iterable(get_store().scan_responses(form.id))
    return [replace(each, id=new_id()) for each in islice(found, count)]


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    import django

    django.setup()
    print(json.dumps(measure(sys.argv[1])))
