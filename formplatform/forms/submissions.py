"""Taking a response in."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.errors import (
    ConflictError,
    FieldError,
    InvalidInputError,
    KeyReusedError,
)

from .announcing import announce
from .domain import Answers, Form, FormResponse, FormState
from .hooks import Submission, before_submit
from .ids import is_id, new_id
from .schema.answers import validate_answers
from .schema.definition import Definition
from .storage.registry import get_store
from .versions import current_definition

RawAnswers = Mapping[str, object]


class FormClosedError(ConflictError):
    code: ClassVar[str] = "form_closed"


def submit_response(
    form: Form,
    raw_answers: RawAnswers,
    *,
    actor: Actor,
    idempotency_key: str | None = None,
    session_id: str | None = None,
) -> tuple[FormResponse, bool]:
    """Validate and store a response: one insert, whatever listens downstream.

    Returns the stored response and whether it is new: a repeated Idempotency-Key with the same
    answers gives back the first one, even if the form has been closed or changed meanwhile.
    Raises InvalidInputError naming every wrong field, FormClosedError, KeyReusedError where the
    key was used for other answers.
    """
    fingerprint = _fingerprint(raw_answers) if idempotency_key is not None else None
    try:
        response = _new_response(form, raw_answers, actor, session_id)
    except (InvalidInputError, ConflictError):
        earlier = idempotency_key and get_store().find_keyed_response(form.id, idempotency_key)
        if earlier and earlier.fingerprint == fingerprint:
            return earlier, False
        raise
    if idempotency_key is not None:
        response = replace(response, idempotency_key=idempotency_key, fingerprint=fingerprint)
    stored = get_store().insert_response(response)
    if stored.id != response.id:
        return _repeated(stored, fingerprint), False
    announce(stored.id)
    return stored, True


def prepare_answers(
    form: Form, version: int, definition: Definition, raw_answers: RawAnswers
) -> Answers:
    """Canonical answers, as the hooks want them. Raises InvalidInputError.

    What a hook changed is held against the definition again: whoever fills it cannot store what
    the form does not allow.
    """
    submission = Submission(form, version, validate_answers(definition, raw_answers).data)
    hooked = before_submit.run(submission)
    answers = hooked.answers
    if hooked is submission:
        return answers
    calculated = {field.id for field in definition.calculated}
    return validate_answers(
        definition, {key: answer for key, answer in answers.items() if key not in calculated}
    ).data


def _new_response(
    form: Form, raw_answers: RawAnswers, actor: Actor, session_id: str | None
) -> FormResponse:
    if form.state is not FormState.OPEN:
        raise FormClosedError("This form does not take responses now.", form_id=form.id)
    if session_id is not None and not is_id(session_id):
        wrong = FieldError("session_id", "invalid_id", "Expected 24 hexadecimal digits.")
        raise InvalidInputError("The session is not valid.", errors=[wrong])
    number, definition = current_definition(form)
    answers = prepare_answers(form, number, definition, raw_answers)
    moment = now()
    return FormResponse(
        id=new_id(),
        form_id=form.id,
        version=number,
        data=answers,
        submitted_at=moment,
        updated_at=moment,
        submitted_by=actor.user_id,
        session_id=session_id,
    )


def _repeated(stored: FormResponse, fingerprint: str | None) -> FormResponse:
    if stored.fingerprint != fingerprint:
        raise KeyReusedError(
            "This Idempotency-Key was used for other answers: take a new key.",
            response_id=stored.id,
        )
    return stored


def _fingerprint(raw_answers: RawAnswers) -> str:
    """Of what was sent, which a repeated request repeats whatever became of the form."""
    text = json.dumps(raw_answers, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
