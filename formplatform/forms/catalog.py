"""Forms and their drafts: create, change, close, delete."""

from dataclasses import replace
from typing import TypedDict, Unpack

from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.errors import (
    ChangedMeanwhileError,
    ConflictError,
    FieldError,
    InvalidInputError,
)

from .access import forget_form
from .domain import Form, FormState, JsonObject
from .ids import new_id
from .schema.drafts import parse_draft
from .schema.problems import Wrong
from .schema.types.base import clean_text
from .storage.registry import get_store

TITLE_LENGTH = 300


def create_form(
    *,
    actor: Actor,
    title: str,
    definition: JsonObject,
    public: bool = False,
    min_cell: int = 0,
    idempotency_key: str | None = None,
) -> Form:
    """A new draft owned by the actor; the first one, where the key was used before.

    Raises InvalidInputError naming every wrong field.
    """
    if actor.user_id is None:
        raise InvalidInputError("A form needs an owner: sign in first.")
    moment = now()
    form = Form(
        id=new_id(),
        owner_id=actor.user_id,
        title=_clean_title(title),
        draft=parse_draft(definition).to_json(),
        public=public,
        min_cell=min_cell,
        idempotency_key=idempotency_key,
        created_at=moment,
        updated_at=moment,
    )
    return get_store().insert_form(form)


class FormChanges(TypedDict, total=False):
    """What may be changed of a form: what is left out stays."""

    title: str
    definition: JsonObject
    public: bool
    min_cell: int
    state: FormState


def update_form(
    form: Form, *, expected_revision: int | None = None, **changes: Unpack[FormChanges]
) -> Form:
    """Change what is given.

    Raises ChangedMeanwhileError where the form is not at the expected revision, or has moved on.
    """
    if expected_revision not in (None, form.revision):
        raise _changed(form)
    definition = changes.get("definition")
    changed = replace(
        form,
        title=_clean_title(changes["title"]) if "title" in changes else form.title,
        draft=form.draft if definition is None else parse_draft(definition).to_json(),
        public=changes.get("public", form.public),
        min_cell=changes.get("min_cell", form.min_cell),
        state=_allowed(form, changes["state"]) if "state" in changes else form.state,
    )
    return replace_form(changed, expected_revision=form.revision)


def delete_form(form: Form) -> None:
    """Soft: the responses stay until retention takes them."""
    replace_form(replace(form, deleted_at=now()), expected_revision=form.revision)


def replace_form(form: Form, *, expected_revision: int) -> Form:
    stored = replace(form, revision=expected_revision + 1, updated_at=now())
    if not get_store().replace_form(stored, expected_revision=expected_revision):
        raise _changed(form)
    forget_form(form.id)
    return stored


def _changed(form: Form) -> ChangedMeanwhileError:
    return ChangedMeanwhileError("The form has changed meanwhile: read it again.", form_id=form.id)


def _clean_title(title: str) -> str:
    try:
        text = clean_text(title.strip(), longest=TITLE_LENGTH)
    except Wrong as wrong:
        raise _wrong_title(wrong.code, wrong.message) from wrong
    if not text:
        raise _wrong_title("required", "A form needs a title.")
    return text


def _wrong_title(code: str, message: str) -> InvalidInputError:
    error = FieldError("title", code, message)
    return InvalidInputError("The title is not valid.", errors=[error])


def _allowed(form: Form, state: FormState) -> FormState:
    if state is FormState.OPEN and form.current_version is None:
        raise ConflictError("This form is not published yet: publish it first.", form_id=form.id)
    if state is FormState.DRAFT and form.current_version is not None:
        raise ConflictError("A published form cannot go back to draft: close it instead.")
    return state
