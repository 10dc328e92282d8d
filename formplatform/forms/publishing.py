"""Publishing: the draft becomes an immutable version."""

from dataclasses import replace

from formplatform.core.actors import Actor
from formplatform.core.clock import now
from formplatform.core.errors import ConflictError

from .announcing import announce_version
from .catalog import replace_form
from .domain import Form, FormState, FormVersion
from .schema.definition import parse_definition
from .schema.diff import check_successor
from .storage.registry import get_store

ATTEMPTS = 5


def publish_form(form: Form, *, actor: Actor) -> FormVersion:
    """Freeze the draft as the next version and make it the current one.

    A crash between the two writes leaves a version that is not current: harmless, and the next
    publishing takes the number after it. Raises InvalidInputError where a field id would change
    its meaning, ConflictError where somebody else changed the form meanwhile.
    """
    version = _insert_next(form, actor)
    replace_form(
        replace(form, current_version=version.number, state=FormState.OPEN),
        expected_revision=form.revision,
    )
    announce_version(version)
    return version


def _insert_next(form: Form, actor: Actor) -> FormVersion:
    definition = parse_definition(form.draft)
    for _ in range(ATTEMPTS):
        earlier = get_store().list_versions(form.id)
        for version in earlier:
            check_successor(parse_definition(version.definition), definition)
        version = FormVersion(
            form_id=form.id,
            number=max((each.number for each in earlier), default=0) + 1,
            definition=definition.to_json(),
            published_at=now(),
            published_by=actor.user_id,
        )
        if get_store().insert_version(version):
            return version
    raise ConflictError("Others are publishing this form right now: try again.", form_id=form.id)
