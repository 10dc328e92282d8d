"""What every soak starts with: its options, and stores of its own."""

import argparse
import contextlib
import uuid
from collections.abc import Iterator

ELSEWHERE = (
    "DATABASE_URL", "MONGO_URL", "REDIS_URL", "REDIS_HOST", "REDIS_PASSWORD",
    "REDIS_CLUSTER_NODES", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND",
)  # fmt: skip
"""Variables that name stores: a soak fills and spoils what it works on."""


def read_options(description: str, **defaults: int) -> argparse.Namespace:
    """Whole numbers, each with a name and a default."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{default} if not given")
    return parser.parse_args()


def embedded_stores(directory: str) -> dict[str, str]:
    """Variables for embedded stores in a directory, whatever the environment names."""
    return {
        **dict.fromkeys(ELSEWHERE, ""),
        "DATA_DIRECTORY": directory,
        "DJANGO_SETTINGS_MODULE": "formplatform.settings.local",
        "ENV_FILE": "/dev/null",
    }


@contextlib.contextmanager
def own_database(url: str) -> Iterator[str]:
    """A database of this run's own on the PostgreSQL server a URL names; empty: as it is."""
    if not url.startswith("postgres"):
        yield ""
        return
    import psycopg

    server, name = url.rpartition("/")[0], f"fp_soak_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
