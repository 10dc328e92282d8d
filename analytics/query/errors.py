"""What a query may be refused for: always with the path of the wrong part and a stable code."""

from collections.abc import Iterable
from difflib import get_close_matches

from formplatform.core.errors import FieldError, InvalidInputError

LONGEST_NAME = 80
LONGEST_PATH = 200
MOST_NAMES = 20
MOST_COMPARED = 1000
PERSONAL = "This field holds personal data, which your access does not show."


class QueryError(InvalidInputError):
    """The query is wrong. `errors` holds the path, a code and the remedy."""

    code = "invalid_query"

    def __init__(self, path: str, code: str, message: str) -> None:
        error = FieldError(shown(path, LONGEST_PATH) or "query", code, message)
        super().__init__("The query can't be answered as it is.", errors=[error])

    def __str__(self) -> str:
        return " ".join(f"{error.field}: {error.message}" for error in self.errors)


def shown(text: str, longest: int) -> str:
    """A caller's text, short enough and writable in every answer."""
    writable = text.encode("utf-8", "backslashreplace").decode()
    return writable if len(writable) <= longest else f"{writable[:longest]}…"


def unknown(path: str, kind: str, name: str, *, known: Iterable[str]) -> QueryError:
    """A name nobody knows, with the nearest one that exists."""
    candidates = sorted(set(known))
    near = get_close_matches(name[:LONGEST_NAME], candidates[:MOST_COMPARED], n=1, cutoff=0.6)
    hint = (
        f' Did you mean "{near[0]}"?' if near else f" Known: {', '.join(candidates[:MOST_NAMES])}."
    )
    message = f'There is no {kind} "{shown(name, LONGEST_NAME)}".{hint}'
    return QueryError(path, f"unknown_{kind}", message)
