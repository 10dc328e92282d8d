"""The additive hash by which two stores, or a store and its derived numbers, are compared.

The hash of a set of responses is the sum, modulo 2^64, of one 64-bit BLAKE2b digest per live
response, taken over the 12 bytes of its id and its revision as 8 big-endian bytes. Sums do not
depend on order and take single responses in and out, so they can be kept up to date event by
event and merged over days. Two sets that differ agree by accident with a chance of 2^-64.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b

MODULUS = 1 << 64

DayHashes = dict[str, tuple[int, int]]
"""UTC day "YYYY-MM-DD" → (how many responses, the sum of their hashes)."""


def response_hash(response_id: str, *, revision: int) -> int:
    """The 64-bit hash of one response at one revision."""
    fact = bytes.fromhex(response_id) + _revision_bytes(revision)
    return int.from_bytes(blake2b(fact, digest_size=8).digest(), "big")


def response_hashes(facts: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """The hashes of many responses, given as (id, revision), in their order."""
    digests = [
        blake2b(bytes.fromhex(identifier) + _revision_bytes(revision), digest_size=8).digest()
        for identifier, revision in facts
    ]
    return struct.unpack(f">{len(digests)}Q", b"".join(digests))


@lru_cache(maxsize=1024)
def _revision_bytes(revision: int) -> bytes:
    return revision.to_bytes(8, "big")


def add_to_days(days: DayHashes, rows: Iterable[tuple[datetime, str, int]]) -> None:
    """Add live responses, given as (submitted_at, id, revision), to the sums of their days."""
    for submitted_at, response_id, revision in rows:
        day = submitted_at.astimezone(UTC).date().isoformat()
        count, total = days.get(day, (0, 0))
        total += response_hash(response_id, revision=revision)
        days[day] = (count + 1, total % MODULUS)
