"""Reading counters as they are kept: hashes of integers, some with the extremes of a number."""

from collections.abc import Mapping, Sequence
from typing import Any

from formplatform.core.connections import Numbers

from . import keys


def read_counters(client: Numbers, prefix: str, names: Sequence[str]) -> list[dict[str, int]]:
    """The counters of each key, extremes left out."""
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.hgetall(prefix + name)
    return [_counts(stored) for stored in pipeline.execute()]


def _counts(stored: Mapping[Any, Any]) -> dict[str, int]:
    texts = {_text(name): _text(value) for name, value in stored.items()}
    return {name: int(value) for name, value in texts.items() if name not in keys.EXTREMES}


def _text(value: Any) -> str:
    """Clients answer with bytes or, with `decode_responses`, with text."""
    return value.decode() if isinstance(value, bytes) else str(value)
