"""Stored responses: read, edit, delete."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.errors import ChangedMeanwhileError, NotFoundError

from .announcing import announce
from .domain import Answers, FormResponse, revision_of
from .ids import is_id
from .storage.base import ResponseQuery
from .storage.registry import get_store
from .submissions import prepare_answers
from .versions import get_definition


def get_response(form_id: str, response_id: str) -> FormResponse:
    """Raises NotFoundError, for a deleted response too."""
    found = get_store().find_response(form_id, response_id) if is_id(response_id) else None
    if found is None:
        raise NotFoundError("No such response.", response_id=response_id)
    _check_is_there(found)
    return found


def page_responses(query: ResponseQuery) -> list[FormResponse]:
    """Newest first; the last one's (submitted_at, id) is the next page's `after`."""
    return get_store().page_responses(query)


def answers_at(response_id: str, revision: int) -> Answers | None:
    """Answers at a revision; None where there is none, or the response was deleted by then."""
    return answers_at_many([(response_id, revision)]).get((response_id, revision))


def answers_at_many(
    wanted: Collection[tuple[str, int]],
) -> dict[tuple[str, int], Answers | None]:
    """Answers by (response id, revision), in one read; a missing key was never stored."""
    found = get_store().find_revisions(wanted)
    return {(fact.response_id, fact.revision): fact.data for fact in found}


def edit_response(
    response: FormResponse,
    raw_answers: Mapping[str, object],
    *,
    actor: Actor,
    expected_revision: int | None = None,
) -> FormResponse:
    """New answers instead of all the old ones; the same answers change nothing.

    They are held against the version the response was given under, whose questions they answer,
    and the hooks have their say as at a submission;
    publishing never makes an old response wrong. Raises InvalidInputError, NotFoundError where
    it is deleted, ChangedMeanwhileError where it is not at the expected revision (without one:
    where it changed since it was read).
    """
    _check_is_there(response)
    form = get_store().find_form(response.form_id)
    if form is None:
        raise NotFoundError("There is no such form.", form_id=response.form_id)
    definition = get_definition(response.form_id, response.version)
    answers = prepare_answers(form, response.version, definition, raw_answers)
    if answers == response.data and expected_revision in (None, response.revision):
        return response
    return _replace(replace(response, data=answers), response, actor, expected_revision)


def delete_response(
    response: FormResponse, *, actor: Actor, expected_revision: int | None = None
) -> None:
    """Soft delete, as a revision: counters subtract it, history keeps it.

    Raises NotFoundError where it is deleted already, ChangedMeanwhileError as `edit_response` does.
    """
    _check_is_there(response)
    _replace(replace(response, deleted_at=now()), response, actor, expected_revision)


def _check_is_there(response: FormResponse) -> None:
    if response.deleted_at is not None:
        raise NotFoundError("No such response.", response_id=response.id)


def _replace(
    changed: FormResponse, stored: FormResponse, actor: Actor, expected_revision: int | None
) -> FormResponse:
    expected = stored.revision if expected_revision is None else expected_revision
    newest = replace(
        changed, revision=stored.revision + 1, updated_at=now(), updated_by=actor.user_id
    )
    if expected != stored.revision or not get_store().replace_response(
        newest, expected_revision=expected, previous=revision_of(stored)
    ):
        raise ChangedMeanwhileError("The response has changed meanwhile.", response_id=stored.id)
    announce(newest.id)
    return newest
