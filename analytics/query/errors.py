"""What a query may be refused for: always with the path of the wrong part and a stable code."""

from collections.abc import Iterable
from difflib import get_close_matches

from formplatform.core.errors import FieldError, InvalidInputError

LONGEST_ECHO = 80
MOST_SUGGESTIONS = 20


class QueryError(InvalidInputError):
    """The query is wrong. `errors` holds the path, a code and the remedy."""

    code = "invalid_query"

    def __init__(self, path: str, code: str, message: str) -> None:
        super().__init__(
            "The query can't be answered as it is.", errors=[FieldError(path, code, message)]
        )

    def __str__(self) -> str:
        return " ".join(f"{error.field}: {error.message}" for error in self.errors)


def unknown(path: str, kind: str, name: str, *, known: Iterable[str]) -> QueryError:
    """A name nobody knows, with the nearest one that exists."""
    candidates = sorted(set(known))
    near = get_close_matches(name, candidates, n=1, cutoff=0.6)
    shown = name if len(name) <= LONGEST_ECHO else f"{name[:LONGEST_ECHO]}…"
    hint = (
        f' Did you mean "{near[0]}"?'
        if near
        else f" Known: {', '.join(candidates[:MOST_SUGGESTIONS])}."
    )
    return QueryError(path, f"unknown_{kind}", f'There is no {kind} "{shown}".{hint}')
