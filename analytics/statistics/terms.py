"""The words of texts: in how many texts each one is."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable

SHORTEST = 2
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
"""Letters of any script, with apostrophes and hyphens inside; no digits, so no phone numbers."""


def words_of(text: str, *, without: Collection[str] = ()) -> set[str]:
    """The words of a text in one form each: NFKC, case-folded, typographic apostrophes as typed."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return {word for word in _WORD.findall(plain) if len(word) >= SHORTEST and word not in without}


def count_terms(texts: Iterable[str], *, without: Collection[str] = ()) -> Counter[str]:
    """Word → texts it is in, however often. Words of `without` are left out."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text, without=without))
    return counts
