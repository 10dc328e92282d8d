"""Taking a response in."""

import hashlib
from collections.abc import Mapping

import orjson

from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.errors import ConflictError

from .announcing import announce
from .domain import Answers, Form, FormResponse, FormState
from .hooks import Submission, before_submit
from .ids import new_id
from .schema.answers import validate_answers
from .storage.registry import get_store
from .versions import current_definition


def submit_response(
    form: Form,
    raw_answers: Mapping[str, object],
    *,
    actor: Actor,
    idempotency_key: str | None = None,
    session_id: str | None = None,
) -> tuple[FormResponse, bool]:
    """Validate and store a response: one insert, whatever listens downstream.

    Returns the stored response and whether it is new: a repeated Idempotency-Key with the same
    answers gives back the first one. Raises InvalidInputError naming every wrong field,
    ConflictError where the form is closed or the key was used for other answers.
    """
    if form.state is not FormState.OPEN:
        raise ConflictError("This form does not take responses now.", form_id=form.id)
    number, definition = current_definition(form)
    answers = validate_answers(definition, raw_answers).data
    answers = before_submit.run(Submission(form, number, answers)).answers
    moment = now()
    response = FormResponse(
        id=new_id(),
        form_id=form.id,
        version=number,
        data=answers,
        submitted_at=moment,
        updated_at=moment,
        submitted_by=actor.user_id,
        session_id=session_id,
        idempotency_key=idempotency_key,
        fingerprint=_fingerprint(answers) if idempotency_key else None,
    )
    stored = get_store().insert_response(response)
    if stored.id != response.id:
        return _repeated(stored, response), False
    announce(stored.id)
    return stored, True


def _repeated(stored: FormResponse, again: FormResponse) -> FormResponse:
    if stored.fingerprint != again.fingerprint:
        raise ConflictError(
            "This Idempotency-Key was used for other answers: take a new key.",
            response_id=stored.id,
        )
    return stored


def _fingerprint(answers: Answers) -> str:
    canonical = orjson.dumps(answers, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()
