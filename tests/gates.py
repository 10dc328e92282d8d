"""Every gate of the build: `boot.py test --all`.

The suite runs on the embedded stores. Beside it, on another core, it runs again on MongoDB,
PostgreSQL and Redis where MONGO_TEST_URL, DATABASE_TEST_URL and REDIS_TEST_URL name them, then a
third time with the responses in PostgreSQL and the numbers in the Redis Cluster of
REDIS_CLUSTER_TEST_NODES, and in the end what drives a browser. What could not run is named.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "formplatform.settings.production",
    "SECRET_KEY": "only-for-the-deployment-check-" + "x" * 40,
    "ALLOWED_HOSTS": "forms.example.org",
    "WEBHOOK_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
}


SMALL_DEPLOYMENT = {
    "PostgreSQL": "DATABASE_TEST_URL",
    "Redis Cluster": "REDIS_CLUSTER_TEST_NODES",
    "a Redis for its queue": "REDIS_TEST_URL",
}
"""What the third run takes: PostgreSQL holds the responses too; a cluster carries no queue."""


@dataclass(frozen=True)
class Gate:
    name: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    name: str
    passed: bool
    seconds: float


def main(arguments: list[str]) -> int:
    outcomes = [run(gate) for gate in checks()]
    again = [*real_stores(arguments), *small_deployment(arguments)]
    is_parted = bool(again) and not arguments
    first = suite(["-m", "not browser"] if is_parted else arguments)
    again += [browser()] if is_parted else []
    with tempfile.TemporaryFile() as said, ThreadPoolExecutor(1) as beside:
        others = beside.submit(lambda: [run(gate, said) for gate in again])
        outcomes += [run(first), *others.result()]
        said.seek(0)
        print(said.read().decode(errors="replace"))
    summarise(outcomes)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def run(gate: Gate, said: IO[bytes] | None = None) -> Outcome:
    """Run it to its end; what it prints is shown at once, or kept in the file `said`."""
    title = f"\n=== {gate.name}"
    if said is None:
        print(title, flush=True)
    else:
        said.write(f"{title}\n".encode())
        said.flush()
    started = time.monotonic()
    finished = subprocess.run(
        gate.command,
        cwd=ROOT,
        env={**os.environ, **gate.variables},
        stdout=said,
        stderr=said and subprocess.STDOUT,
        check=False,
    )
    return Outcome(gate.name, finished.returncode == 0, time.monotonic() - started)


def checks() -> Iterator[Gate]:
    tool = {name: str(BIN / name) for name in ("ruff", "mypy", "lint-imports")}
    yield Gate("locks are whole", [sys.executable, "-m", "pip", "check"])
    yield Gate("lint", [tool["ruff"], "check", "."])
    yield Gate("format", [tool["ruff"], "format", "--check", "."])
    yield Gate("types", [tool["mypy"]])
    yield Gate("import layers", [tool["lint-imports"]])
    deploy = ["check", "--deploy", "--fail-level", "WARNING"]
    yield Gate("deployment check", [sys.executable, "manage.py", *deploy], PRODUCTION)
    yield Gate(
        "migrations",
        [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    )


def suite(arguments: list[str]) -> Gate:
    command = [sys.executable, "-m", "pytest", "-q", "--cov", "--cov-report=term", *arguments]
    return Gate("suite on the embedded stores, with coverage", command)


def browser() -> Gate:
    """What takes as long to draw as to test, where there is another core to do it on."""
    return Gate("suite in a browser", [sys.executable, "-m", "pytest", "-q", "-m", "browser"])


def suite_again(arguments: list[str]) -> list[str]:
    """The suite on other stores, without what would find the same ones again.

    Left out: the browser and what else asks no store (`storeless`); the tests of the MongoDB
    adapter and those that bring stores of their own (`own_stores`); what lies in `tests/` itself,
    which reads this repository's files.
    """
    folders = sorted(str(path) for path in (ROOT / "tests").glob("test_*/"))
    marks = ["-m", "not browser and not engine and not own_stores and not storeless"]
    return [sys.executable, "-m", "pytest", "-q", *marks, *(arguments or folders)]


def real_stores(arguments: list[str]) -> Iterator[Gate]:
    stores = given_stores()
    if stores:
        name = f"suite on {', '.join(stores)}"
        yield Gate(name, suite_again(arguments), _merged(stores))


def given_stores() -> dict[str, dict[str, str]]:
    """Name of a real store → the variables that put it in place of the embedded one."""
    found = {}
    if mongo := os.environ.get("MONGO_TEST_URL"):
        base, _, options = mongo.partition("?")
        server = base.rsplit("/", 1)[0] if base.count("/") > 2 else base
        found["MongoDB"] = {"MONGO_URL": f"{server}/fp_suite?{options}"}
    if database := os.environ.get("DATABASE_TEST_URL"):
        found["PostgreSQL"] = {"DATABASE_URL": database}
    if redis := os.environ.get("REDIS_TEST_URL"):
        found["Redis"] = {"REDIS_URL": redis}
    return found


def small_deployment(arguments: list[str]) -> Iterator[Gate]:
    """The suite where PostgreSQL is the form store and a cluster keeps numbers and cache."""
    if lacking_for_small_deployment():
        return
    broker = os.environ["REDIS_TEST_URL"].rpartition("/")[0]
    variables = {
        "MONGO_URL": "",
        "DATABASE_URL": os.environ["DATABASE_TEST_URL"],
        "REDIS_URL": "",
        "REDIS_CLUSTER_NODES": os.environ["REDIS_CLUSTER_TEST_NODES"],
        "CELERY_BROKER_URL": f"{broker}/0",
        "CELERY_RESULT_BACKEND": f"{broker}/1",
    }
    yield Gate(
        "suite on PostgreSQL as the form store, Redis Cluster", suite_again(arguments), variables
    )


def lacking_for_small_deployment() -> list[str]:
    return [name for name, url in SMALL_DEPLOYMENT.items() if not os.environ.get(url)]


def _merged(stores: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: value for given in stores.values() for name, value in given.items()}


def summarise(outcomes: list[Outcome]) -> None:
    print("\n=== Summary")
    for each in outcomes:
        print(f"{'passed' if each.passed else 'FAILED':8}{each.seconds:>7.0f} s  {each.name}")
    for name in sorted({"MongoDB", "PostgreSQL", "Redis"} - given_stores().keys()):
        print(f"{'not run':8}{'':>9}  the suite on {name}: no test URL for it")
    if lacking := lacking_for_small_deployment():
        missing = ", ".join(SMALL_DEPLOYMENT[name] for name in lacking)
        print(f"{'not run':8}{'':>9}  the suite on PostgreSQL and Redis Cluster: no {missing}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
