"""Published versions, kept in memory: they never change."""

from functools import lru_cache

from formplatform.core.errors import ConflictError, NotFoundError

from .domain import Form, FormVersion
from .schema.definition import Definition, parse_definition
from .storage.registry import get_store

KEPT = 512
"""How many versions a process remembers."""


@lru_cache(maxsize=KEPT)
def get_version(form_id: str, number: int) -> FormVersion:
    """Raises NotFoundError."""
    version = get_store().find_version(form_id, number)
    if version is None:
        raise NotFoundError(f"The form has no version {number}.", form_id=form_id)
    return version


@lru_cache(maxsize=KEPT)
def get_definition(form_id: str, number: int) -> Definition:
    """The compiled definition of a version. Raises NotFoundError."""
    return parse_definition(get_version(form_id, number).definition)


def current_definition(form: Form) -> tuple[int, Definition]:
    """What new responses are held against. Raises ConflictError before the first publishing."""
    if form.current_version is None:
        raise ConflictError("This form is not published yet: publish it first.", form_id=form.id)
    return form.current_version, get_definition(form.id, form.current_version)


def former_names(form_id: str, definition: Definition) -> set[str]:
    """Names and ids of fields that other versions of the form have and this one has not."""
    numbers = [version.number for version in get_store().list_versions(form_id)]
    others = (get_definition(form_id, number).by_key for number in numbers)
    return set().union(*others) - definition.by_key.keys()
