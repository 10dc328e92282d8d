"""How many different answers a field of text, or a personal one, has: without the answers.

Each answer goes to Redis as a hash under a key of this deployment, and only into a HyperLogLog
(P. Flajolet, É. Fusy, O. Gandouet, F. Meunier: HyperLogLog: the analysis of a near-optimal
cardinality estimation algorithm, AofA 2007). Whoever has a copy of Redis but not SECRET_KEY cannot
try guesses against it. With the 16,384 registers Redis keeps, the standard error is
1.04 / √16384.

A HyperLogLog cannot forget. An answer that was edited or deleted stays in it, and how many went is
counted beside it: the number of different answers is then too high by at most so many. A rebuild
counts anew and forgets them. After SECRET_KEY was changed, one is needed too: the same answers
have other hashes then.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.conf import settings

ERROR = 0.0081
"""The standard error, relatively."""
HASH_BYTES, PAD_BYTES = 8, 64


def hidden(answer: Any) -> str:
    """What stands for an answer: the same for equal ones."""
    return hidden_all([answer])[0]


def hidden_all(answers: Iterable[Any]) -> list[str]:
    """What stands for each of them."""
    begin, found = _keyed().copy, []
    for answer in answers:
        text = answer if isinstance(answer, str) else json.dumps(answer, sort_keys=True)
        each = begin()
        each.update(text.encode(errors="surrogatepass"))
        found.append(each.hexdigest())
    return found


def seal(hashes: Sequence[str], seed: int) -> str:
    """Hashes as they may lie about for a while: like no others, unless the seed is the same."""
    size = HASH_BYTES * len(hashes)
    sealed = int("".join(hashes), 16) ^ int.from_bytes(_pad(seed, size))
    return sealed.to_bytes(size).hex()


def unseal(sealed: str, seed: int) -> list[str]:
    size, digits = len(sealed) // 2, 2 * HASH_BYTES
    found = (int(sealed, 16) ^ int.from_bytes(_pad(seed, size))).to_bytes(size).hex()
    return [found[start : start + digits] for start in range(0, len(found), digits)]


def _pad(seed: int, size: int) -> bytes:
    found = b""
    for number in range(-(-size // PAD_BYTES)):
        block = _padding().copy()
        block.update(seed.to_bytes(8) + number.to_bytes(4))
        found += block.digest()
    return found[:size]


@cache
def _keyed() -> "hashlib.blake2b":
    """A hash that has seen the key and nothing else: copies of it cost less than new ones."""
    return hashlib.blake2b(digest_size=HASH_BYTES, key=_key(b"distinct:"))


@cache
def _padding() -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=PAD_BYTES, key=_key(b"waiting:"))


def _key(purpose: bytes) -> bytes:
    return hashlib.sha256(purpose + settings.SECRET_KEY.encode()).digest()
