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
from functools import cache
from typing import Any

from django.conf import settings

ERROR = 0.0081
"""The standard error, relatively."""
HASH_BYTES = 8


def hidden(answer: Any) -> str:
    """What stands for an answer: the same for equal ones."""
    text = answer if isinstance(answer, str) else json.dumps(answer, sort_keys=True)
    content = text.encode(errors="surrogatepass")
    found = _keyed().copy()
    found.update(content)
    return found.hexdigest()


@cache
def _keyed() -> "hashlib.blake2b":
    """A hash that has seen the key and nothing else: copies of it cost less than new ones."""
    key = hashlib.sha256(b"distinct:" + settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(digest_size=HASH_BYTES, key=key)
