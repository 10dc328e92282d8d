"""The words of texts: in how many texts each one is.

A word begins with a letter and goes on with letters and the marks that belong to them, such as the
vowels of Indian scripts: a simplified form of the word boundaries of M. Davis and C. Chapman,
"Unicode text segmentation", Unicode Standard Annex 29 (2023). Scripts that put no spaces between
words (Thai, Chinese, Japanese) come in runs: their words are not told apart.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache

SHORTEST = 2
LAST_MARK = 0x1FFFF
"""Behind it there are no marks but selectors of variants."""
ELIDED = frozenset(
    (
        *("l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu"),
        *("un", "dell", "all", "nell", "sull", "dall"),
    )
)
"""What French and Italian join to the next word by an apostrophe."""

_PLAIN = re.compile(r"[a-z]+(?:['-][a-z]+)*")
"""Of a text without marks, in a third of the time."""


def words_of(text: str, *, without: Collection[str] = ()) -> set[str]:
    """The words of a text in one form each: NFKC, case-folded, typographic apostrophes as typed.

    Apostrophes and hyphens are part of a word, digits are not, so no phone numbers. An article
    before an apostrophe is taken away: "l'école" is the word "école".
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    pattern = _PLAIN if plain.isascii() else _pattern()
    found = (word for word in pattern.findall(plain) if word not in without)
    words = {_without_article(word) for word in found}
    return {word for word in words if len(word) >= SHORTEST and word not in without}


def count_terms(texts: Iterable[str], *, without: Collection[str] = ()) -> Counter[str]:
    """Word → texts it is in, however often. Words of `without` are left out.

    The frequency of documents, K. Spärck Jones, Journal of Documentation 28 (1972).
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_of(text, without=without))
    return counts


def _without_article(word: str) -> str:
    article, mark, rest = word.partition("'")
    return rest if mark and article in ELIDED else word


@cache
def _pattern() -> re.Pattern[str]:
    """Made once it is needed: finding the marks takes a few hundredths of a second."""
    marks = [n for n in range(0x300, LAST_MARK) if unicodedata.category(chr(n)).startswith("M")]
    part = rf"[^\W\d_]+(?:[{''.join(map(chr, marks))}]+[^\W\d_]*)*"
    return re.compile(rf"{part}(?:['-]{part})*")
