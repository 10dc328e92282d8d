"""The words people use in the answers to a field of free text."""

from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING

from formplatform.core import clock
from formplatform.core.errors import FieldError, InvalidInputError, NotFoundError
from formplatform.forms.domain import JsonObject

from .columns import COLUMNS
from .fields.form_fields import fields_of_form
from .fields.visibility import answer_column
from .figures.small_cells import min_cell_of
from .query.fields import Field
from .statistics.shares import share_interval
from .statistics.stop_words import EVERY_LANGUAGE, STOP_WORDS
from .statistics.suppression import is_small
from .statistics.terms import count_terms

if TYPE_CHECKING:
    import polars as pl

FEWEST_TEXTS = 3
"""A word of fewer answers is not shown, on any form: it may be a name."""
MOST_TEXTS = 50_000
BATCH = 1_000
LONGEST = 5_000
"""Characters that are read of one answer."""
SECONDS = 5.0
FREE_TEXT = frozenset({"text", "long_text"})


def terms_of(
    form_id: str, field_name: str, *, language: str | None = None, limit: int = 50
) -> JsonObject:
    """The words in most answers to a field, of the newest `MOST_TEXTS` answers.

    Args:
        form_id: the form.
        field_name: a field of free text, by name or id.
        language: whose stop words are left out, one of `LANGUAGES`; None means those of all.
        limit: words at most.

    Raises NotFoundError, and InvalidInputError for personal fields and those of other types.
    `complete` is false where answers were left unread, for their number or for time; `n` are those
    that were read. A word is shown from `least` answers on; on a form that hides small groups also
    only where not few answers are without it.
    """
    field = _free_text(form_id, field_name)
    min_cell = min_cell_of(form_id)
    least = max(FEWEST_TEXTS, min_cell)
    scan = COLUMNS.get(form_id, fields_of_form(form_id))
    texts = _texts(scan.frame, field)
    stop_words = EVERY_LANGUAGE if language is None else STOP_WORDS[language]
    counts: Counter[str] = Counter()
    read, until = 0, monotonic() + SECONDS
    while read < len(texts) and monotonic() < until:
        counts += count_terms(texts[read : read + BATCH], without=stop_words)
        read = min(read + BATCH, len(texts))
    found = [
        (word, count)
        for word, count in counts.items()
        if count >= least and not is_small(read - count, min_cell)
    ]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return {
        "form_id": form_id,
        "field": field.id,
        "name": field.name,
        "language": language,
        "terms": [_term(word, count, read) for word, count in found[:limit]],
        "least": least,
        "n": None if is_small(read, min_cell) else read,
        "complete": read == len(texts) < MOST_TEXTS,
        "as_of": clock.to_text(scan.as_of),
    }


def _free_text(form_id: str, field_name: str) -> Field:
    field = fields_of_form(form_id).find(field_name)
    if field is None:
        raise NotFoundError(f'The form has no field "{field_name}".')
    if field.personal:
        raise _refused("personal_data", f'"{field.name}" is personal: its words are not shown.')
    if field.type not in FREE_TEXT:
        raise _refused("wrong_type", f'"{field.name}" is not free text: ask its distribution.')
    return field


def _refused(code: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, errors=[FieldError("field", code, message)])


def _texts(lazy: "pl.LazyFrame", field: Field) -> list[str]:
    """The newest answers first."""
    import polars as pl

    text = pl.col(answer_column(field.id))
    newest = lazy.filter(text.is_not_null()).sort("submitted_at", "id", descending=True)
    return (
        newest.head(MOST_TEXTS).select(text.str.slice(0, LONGEST)).collect().to_series().to_list()
    )


def _term(word: str, count: int, base: int) -> JsonObject:
    return {
        "term": word,
        "count": count,
        "share": count / base,
        "interval": list(share_interval(count, base)),
    }
