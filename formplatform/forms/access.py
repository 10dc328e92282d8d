"""Who may do what with a form. `get_form` is the only door to a guarded form."""

from collections.abc import Mapping
from enum import StrEnum

from formplatform.core.actors import Actor
from formplatform.core.errors import ConflictError, NotFoundError, PermissionDeniedError
from formplatform.core.remembering import Memory

from .domain import Form
from .ids import is_id
from .memberships import FormMembership
from .storage.base import FormQuery
from .storage.registry import get_store


class Role(StrEnum):
    """What somebody is to a form; each role may do what the ones before it may."""

    SUBMITTER = "submitter"
    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


RANK: Mapping[str, int] = {role: rank for rank, role in enumerate(Role, start=1)}
NOBODY = 0
REMEMBER_SECONDS = 1.0
"""How long a process may take responses for a form that has just been closed elsewhere."""
REMEMBERED = 10_000

_forms: Memory[str, Form | None] = Memory(seconds=REMEMBER_SECONDS, size=REMEMBERED)
_ranks: Memory[tuple[str, int | None, bool], int] = Memory(
    seconds=REMEMBER_SECONDS, size=REMEMBERED
)


def get_form(actor: Actor, form_id: str, *, role: Role = Role.VIEWER) -> Form:
    """The form, if the actor is at least this to it.

    Raises NotFoundError where the actor may not even know the form exists, PermissionDeniedError
    where they may see it but not do this.
    """
    form = _find(form_id)
    if form is None or form.deleted_at is not None or not _in_reach(actor, form_id):
        raise NotFoundError("There is no such form.", form_id=form_id)
    rank = _rank(actor, form)
    if rank < min(RANK[role], RANK[Role.VIEWER]):
        raise NotFoundError("There is no such form.", form_id=form_id)
    if rank < RANK[role]:
        raise PermissionDeniedError(f"This needs the role {role} on the form.", form_id=form_id)
    return form


def get_form_to_submit(actor: Actor, form_id: str) -> Form:
    """The form, if the actor may send it a response: anybody where it is public.

    Form and roles may be as old as REMEMBER_SECONDS here: this is asked for every response.
    """
    form = _forms.get(form_id, lambda: _find(form_id))
    if form is None or form.deleted_at is not None or not _in_reach(actor, form_id):
        raise NotFoundError("There is no such form.", form_id=form_id)
    if not form.public and _remembered_rank(actor, form) < RANK[Role.SUBMITTER]:
        raise NotFoundError("There is no such form.", form_id=form_id)
    if not form.public and not actor.has_scope("responses:write"):
        raise PermissionDeniedError("The key needs the scope responses:write.")
    return form


def visible_forms(actor: Actor) -> FormQuery:
    """Which forms the actor may at least view: their own and those shared with them."""
    if actor.is_staff:
        return FormQuery(within=actor.form_ids)
    if actor.user_id is None:
        return FormQuery(within=())
    shared = FormMembership.objects.filter(user_id=actor.user_id).exclude(role=Role.SUBMITTER)
    return FormQuery(
        ids=list(shared.values_list("form_id", flat=True)),
        owner_id=actor.user_id,
        within=actor.form_ids,
    )


def share_form(form: Form, *, user_id: int, role: Role) -> None:
    """Give somebody a role, instead of the one they have. The owner stays the owner."""
    if user_id == form.owner_id:
        raise ConflictError("The owner of a form keeps that role.", form_id=form.id)
    FormMembership.objects.update_or_create(
        form_id=form.id, user_id=user_id, defaults={"role": role}
    )
    forget_form(form.id)


def unshare_form(form: Form, *, user_id: int) -> None:
    if user_id == form.owner_id:
        raise ConflictError("The owner of a form keeps that role.", form_id=form.id)
    FormMembership.objects.filter(form_id=form.id, user_id=user_id).delete()
    forget_form(form.id)


def forget_form(form_id: str) -> None:
    """In this process at once; elsewhere what is remembered fades by itself."""
    _forms.forget(form_id)
    _ranks.clear()


def _find(form_id: str) -> Form | None:
    return get_store().find_form(form_id) if is_id(form_id) else None


def _remembered_rank(actor: Actor, form: Form) -> int:
    key = (form.id, actor.user_id, actor.is_staff)
    return _ranks.get(key, lambda: _rank(actor, form))


def _in_reach(actor: Actor, form_id: str) -> bool:
    return actor.form_ids is None or form_id in actor.form_ids


def _rank(actor: Actor, form: Form) -> int:
    if actor.is_staff or (actor.user_id is not None and actor.user_id == form.owner_id):
        return RANK[Role.OWNER]
    if actor.user_id is None:
        return NOBODY
    held = FormMembership.objects.filter(form_id=form.id, user_id=actor.user_id)
    return RANK.get(held.values_list("role", flat=True).first() or "", NOBODY)
