"""Options of a soak: whole numbers with a name and a default."""

import argparse


def read_options(description: str, **defaults: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{default} if not given")
    return parser.parse_args()
