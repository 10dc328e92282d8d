"""Queries kept under a name: who sees them, what may be kept, what they answer.

A saved query is never a way around the form: whoever may not see the form does not see its
queries either, however they are shared.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from formplatform.core.actors import Actor
from formplatform.core.errors import (
    ChangedMeanwhileError,
    FieldError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from formplatform.forms.access import get_form, visible_forms
from formplatform.forms.storage.registry import get_store

from . import query_builder
from .answering.answers import QueryAnswer
from .fields.form_fields import fields_of_form
from .models import SavedQuery, Sharing

PAGE = 500
PERSONAL_SCOPE = "responses:read"
"""Who may read the responses may also ask for personal fields."""


def visible_queries(actor: Actor, *, form_id: str | None = None) -> QuerySet[SavedQuery]:
    """Those of one form, or of every form the actor may see. Raises NotFoundError for a form."""
    found = _shared_with(actor).select_related("owner").prefetch_related("shared_with")
    if form_id is not None:
        return found.filter(form_id=get_form(actor, form_id).id)
    return found.filter(form_id__in=set(_visible_form_ids(actor)))


def get_query(actor: Actor, query_id: int) -> SavedQuery:
    """Raises NotFoundError, also where the actor may not see the form."""
    query = _shared_with(actor).filter(pk=query_id).first()
    if query is None:
        raise NotFoundError("There is no such saved query.")
    get_form(actor, query.form_id)
    return query


def create_query(actor: Actor, values: Mapping[str, Any]) -> SavedQuery:
    """Keep a query. Raises QueryError for one the form cannot answer, NotFoundError."""
    if actor.user_id is None:
        raise PermissionDeniedError("A saved query belongs to a person: sign in.")
    form = get_form(actor, values["form_id"])
    check_query(actor, form.id, values["query"])
    people = _people(values.get("shared_with", ()))
    kept = {name: value for name, value in values.items() if name != "shared_with"}
    with transaction.atomic():
        query = SavedQuery.objects.create(owner_id=actor.user_id, **kept)
        query.shared_with.set(people)
    return query


def change_query(
    actor: Actor,
    query: SavedQuery,
    values: Mapping[str, Any],
    *,
    expected_revision: int | None = None,
) -> SavedQuery:
    """Change what is given. Raises ChangedMeanwhileError where it is at another revision."""
    _check_may_change(actor, query)
    if "query" in values:
        check_query(actor, query.form_id, values["query"])
    people = _people(values["shared_with"]) if "shared_with" in values else None
    kept = {name: value for name, value in values.items() if name != "shared_with"}
    expected = query.revision if expected_revision is None else expected_revision
    with transaction.atomic():
        moved = SavedQuery.objects.filter(pk=query.pk, revision=expected).update(
            **kept, revision=F("revision") + 1, updated_at=timezone.now()
        )
        if not moved:
            raise ChangedMeanwhileError("The saved query has changed: read it again.")
        if people is not None:
            query.shared_with.set(people)
    query.refresh_from_db()
    return query


def delete_query(actor: Actor, query: SavedQuery) -> None:
    _check_may_change(actor, query)
    query.delete()


def run_query(actor: Actor, query: SavedQuery) -> QueryAnswer:
    """Its answer now. Raises QueryError where the form has changed so that it has none."""
    return query_builder.run_query(
        query.form_id, query.query, personal_allowed=actor.has_scope(PERSONAL_SCOPE)
    )


def check_query(actor: Actor, form_id: str, query: object) -> None:
    """Raises QueryError, with the path of what is wrong."""
    query_builder.QueryDSL(
        fields_of_form(form_id), personal_allowed=actor.has_scope(PERSONAL_SCOPE)
    ).parse(query)


def _shared_with(actor: Actor) -> QuerySet[SavedQuery]:
    """As far as sharing goes; staff see all. Whether the form may be seen is asked besides."""
    if actor.is_staff:
        return SavedQuery.objects.all()
    if actor.user_id is None:
        return SavedQuery.objects.none()
    named = SavedQuery.shared_with.through.objects.filter(user_id=actor.user_id)
    return SavedQuery.objects.filter(
        Q(owner_id=actor.user_id)
        | Q(sharing=Sharing.TEAM)
        | Q(sharing=Sharing.USERS, pk__in=named.values("savedquery_id"))
    )


def _visible_form_ids(actor: Actor) -> Iterator[str]:
    wanted = replace(visible_forms(actor), limit=PAGE, ordering="created_at")
    while page := get_store().list_forms(wanted).items:
        yield from (form.id for form in page)
        wanted = replace(wanted, offset=wanted.offset + len(page))


def _check_may_change(actor: Actor, query: SavedQuery) -> None:
    if not actor.is_staff and actor.user_id != query.owner_id:
        raise PermissionDeniedError("Only its owner changes a saved query: save one of your own.")


def _people(names: Collection[str]) -> list[Any]:
    """The users of these names. Raises InvalidInputError for one nobody has."""
    found = list(get_user_model().objects.filter(username__in=names, is_active=True))
    unknown = sorted(set(names) - {user.get_username() for user in found})
    if unknown:
        message = f"There is no user {', '.join(unknown)}."
        raise InvalidInputError(message, errors=[FieldError("shared_with", "unknown", message)])
    return found
