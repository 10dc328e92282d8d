"""Counting a form again from the form store, beside the live numbers, then putting it in place.

A rebuild that dies changes nothing: the live numbers stay, its own are removed by the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from formplatform.core.connections import numbers
from formplatform.core.errors import ConflictError
from formplatform.forms.storage.registry import get_store

from .counting import SHADOW_GROUP, Due, settle
from .metrics import forget_forms
from .numbers.generations import Generations
from .session_counting import settle_sessions

AT_ONCE = 4 * SHADOW_GROUP
"""Responses read at once: several calls, so that Redis counts the first while others are made."""
Progress = Callable[[int], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """What a rebuild read and removed."""

    form_id: str
    generation: int
    responses: int
    sessions: int
    removed_keys: int


def rebuild(form_id: str, *, progress: Progress = lambda _: None) -> Rebuilt:
    """Count every live response and session of a form anew. `progress` gets numbers of records.

    Raises ConflictError where another rebuild of the form took over.
    """
    generations = Generations(numbers(), form_id)
    generation = generations.announce()
    responses, sessions = count_into(form_id, generations, generation, progress=progress)
    if not generations.flip(generation):
        raise ConflictError("Another rebuild of this form took over.", form_id=form_id)
    forget_forms([form_id])
    return Rebuilt(
        form_id=form_id,
        generation=generation,
        responses=responses,
        sessions=sessions,
        removed_keys=generations.clean(),
    )


def count_into(
    form_id: str,
    generations: Generations,
    generation: int,
    *,
    progress: Progress = lambda _: None,
) -> tuple[int, int]:
    """Count everything that is stored into an announced generation: responses and sessions.

    Raises ConflictError where another one took over.
    """
    store = get_store()
    responses = sessions = 0
    for batch in store.scan_responses(form_id, batch=AT_ONCE):
        settle(Due(response, 0, response.revision, generation) for response in batch)
        _show_life(generations, generation)
        responses += len(batch)
        progress(len(batch))
    for part in store.scan_sessions(form_id):
        settle_sessions(part, shadow=generation)
        _show_life(generations, generation)
        sessions += len(part)
        progress(len(part))
    return responses, sessions


def _show_life(generations: Generations, generation: int) -> None:
    if not generations.keep(generation):
        raise ConflictError("Another rebuild of this form took over.", generation=generation)
