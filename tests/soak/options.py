"""What every soak starts with: its options, and stores of its own."""

import argparse

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
