"""Questions with known answers, by which a store that lies is refused before it does harm.

Some servers and drivers accept a command they do not understand, or answer it wrongly without an
error. Numbers built on such a store are wrong for ever, so a process asks first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .errors import PlatformError


class WrongAnswerError(PlatformError):
    """A store answered wrongly, or could not be asked: it must not be used."""

    code = "wrong_answer"
    status = 500


@dataclass(frozen=True)
class KnownAnswer:
    """What to ask, and the only right answer, of the right type."""

    question: str
    ask: Callable[[], object]
    answer: object


def check_answers(
    store: str, questions: Iterable[KnownAnswer], *, outages: tuple[type[Exception], ...]
) -> None:
    """Ask everything; raise one WrongAnswerError that names all that was wrong.

    An error of the `outages` is raised as it is: a store that is down does not lie.
    """
    wrong = [complaint for each in questions if (complaint := _complaint(each, outages))]
    if wrong:
        raise WrongAnswerError(
            f"{store} is refused because it gives wrong answers. " + " ".join(wrong),
            questions=len(wrong),
        )


def _complaint(known: KnownAnswer, outages: tuple[type[Exception], ...]) -> str | None:
    try:
        given = known.ask()
    except outages:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it cannot do, it is refused for
        return f"{known.question}: {type(error).__name__}: {error}."
    if repr(given) == repr(known.answer):  # 3 is not 3.0, and NaN is NaN
        return None
    return f"{known.question}: expected {known.answer!r}, got {given!r}."
