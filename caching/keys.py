"""Every cache key is built here.

A value and its first tag share a hash tag (the part in braces), so that on a Redis Cluster both
live in one slot and are read in one round trip. Arguments are encoded with their types and
lengths before they are hashed: `f(1)`, `f("1")` and `f("a", "b")`, `f("a b")` never meet.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from . import codec

PREFIX = "cache:v1"
STATS = f"{PREFIX}:stats"

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,199}")
_DIGEST_BYTES = 16


def value_key(
    name: str, slot: str, arguments: Sequence[object], named: Mapping[str, object]
) -> str:
    """The key of one call. `slot` is the tag it lives with.

    Raises UncacheableError for an argument that has no exact encoding: two such could meet.
    """
    encoded = codec.encode([list(arguments), sorted(named.items())])
    digest = hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES).hexdigest()
    return f"{PREFIX}:{{{slot}}}:{name}:{digest}"


@lru_cache(4096)
def tag_key(tag: str) -> str:
    """The key of a tag's version. Raises ValueError for a tag that is no plain name."""
    if _TAG.fullmatch(tag) is None:
        raise ValueError(f"{tag!r} is no tag: letters, digits and : . _ - only.")
    return f"{PREFIX}:tag:{{{tag}}}"


def form_tag(form_id: str) -> str:
    """The tag of everything that is computed from a form's responses."""
    return f"form:{form_id}"


def function_tag(name: str) -> str:
    """The tag of everything one cached function returned."""
    return f"function:{name}"
