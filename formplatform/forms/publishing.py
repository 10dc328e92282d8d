"""Publishing: the draft becomes an immutable version."""

from dataclasses import replace

from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.errors import ConflictError

from .announcing import announce_version
from .catalog import replace_form
from .domain import Form, FormState, FormVersion, JsonObject
from .schema.definition import parse_definition
from .schema.diff import check_successor
from .schema.drafts import parse_draft
from .storage.registry import get_store

ATTEMPTS = 5


def publish_form(form: Form, *, actor: Actor) -> FormVersion:
    """Freeze the draft as the next version, make it the current one and open the form.

    A crash between the two writes leaves a version that is not in force: harmless, and publishing
    the same draft again takes it up. Raises InvalidInputError where a field id would change its
    meaning, ConflictError where somebody else changed the form meanwhile.
    """
    version = _find_or_insert(form, actor)
    replace_form(
        replace(form, current_version=version.number, state=FormState.OPEN),
        expected_revision=form.revision,
    )
    _silence(form, version)
    announce_version(version)
    return version


def _find_or_insert(form: Form, actor: Actor) -> FormVersion:
    definition = parse_draft(form.draft)
    frozen = definition.to_json()
    for _ in range(ATTEMPTS):
        earlier = get_store().list_versions(form.id)
        if earlier and _may_be_taken_up(earlier[-1], form, frozen):
            return earlier[-1]
        for version in earlier:
            check_successor(parse_definition(version.definition), definition)
        version = FormVersion(
            form_id=form.id,
            number=earlier[-1].number + 1 if earlier else 1,
            definition=frozen,
            published_at=now(),
            published_by=actor.user_id,
        )
        if get_store().insert_version(version):
            return version
    raise ConflictError("Others are publishing this form right now: try again.", form_id=form.id)


def _silence(form: Form, published: FormVersion) -> None:
    """A version that was passed over without ever having been in force is not news.

    Only once another one is in force, or a publisher that lost would silence the one that won.
    """
    for version in get_store().list_versions(form.id):
        if (form.current_version or 0) < version.number < published.number:
            get_store().mark_version_dispatched(form.id, version.number, at=now())


def _may_be_taken_up(newest: FormVersion, form: Form, frozen: JsonObject) -> bool:
    """Left by a publisher that died, or lost to a change of the form, before it was in force."""
    return newest.definition == frozen and newest.number > (form.current_version or 0)
