"""Forms over HTTP: list, create, change, publish, versions, members."""

from dataclasses import asdict, replace
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import creates_once, stored_key
from formplatform.core.api.pagination import WINDOW_PARAMETERS, page_body, search_of, window_of
from formplatform.core.api.preconditions import matching, revision_tag, tagged
from formplatform.core.errors import FieldError, InvalidInputError, NotFoundError
from formplatform.forms import access, catalog, publishing, versions
from formplatform.forms.access import Role
from formplatform.forms.domain import Form, FormState
from formplatform.forms.memberships import FormMembership
from formplatform.forms.schema.diff import diff_definitions
from formplatform.forms.storage.base import FORM_ORDERINGS
from formplatform.forms.storage.registry import get_store

from .serializers import (
    ChangeOutput,
    CreateFormInput,
    FormOutput,
    FormPage,
    MemberInput,
    MemberOutput,
    UpdateFormInput,
    VersionOutput,
    form_body,
    version_body,
)

ORDERINGS = [*FORM_ORDERINGS, *(f"-{name}" for name in FORM_ORDERINGS)]


def checked(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """The body as the serializer understands it. Raises ValidationError."""
    found = serializer(data=request.data)
    found.is_valid(raise_exception=True)
    values: dict[str, Any] = found.validated_data
    return values


class FormView(APIView):
    """Base of the views below a form."""

    read_scope: ClassVar[str] = "forms:read"
    write_scope: ClassVar[str] = "forms:write"


@extend_schema(tags=["forms"])
class FormList(FormView):
    @extend_schema(
        operation_id="forms_list",
        parameters=[
            OpenApiParameter("search", str),
            OpenApiParameter("ordering", str, enum=ORDERINGS),
            *WINDOW_PARAMETERS,
        ],
        responses=FormPage,
    )
    def get(self, request: Request) -> Response:
        """The forms you may see, newest first."""
        limit, offset = window_of(request)
        ordering = request.query_params.get("ordering", "-created_at")
        if ordering not in ORDERINGS:
            message = f"Expected one of {', '.join(ORDERINGS)}."
            raise InvalidInputError(
                "Some values are not valid.", errors=[FieldError("ordering", "invalid", message)]
            )
        page = get_store().list_forms(
            replace(
                access.visible_forms(actor_of(request)),
                search=search_of(request),
                ordering=ordering,
                limit=limit,
                offset=offset,
            )
        )
        bodies = [form_body(form) for form in page.items]
        return Response(page_body(request, bodies, total=page.total))

    @extend_schema(request=CreateFormInput, responses={201: FormOutput})
    @creates_once
    def post(self, request: Request) -> Response:
        """Create a draft. With an Idempotency-Key, repeating the request creates nothing."""
        form = catalog.create_form(
            actor=actor_of(request),
            idempotency_key=stored_key(request),
            **checked(CreateFormInput, request),
        )
        return _shown(form, status=201)


@extend_schema(tags=["forms"])
class FormDetail(FormView):
    conditional: ClassVar[bool] = True

    @extend_schema(responses=FormOutput)
    def get(self, request: Request, form_id: str) -> Response:
        return _shown(access.get_form(actor_of(request), form_id))

    @extend_schema(request=UpdateFormInput, responses=FormOutput)
    def patch(self, request: Request, form_id: str) -> Response:
        """Change the title, the draft, who may submit, or open and close.

        Only the owner says which groups are too small to be shown (`min_cell`).
        """
        form = access.get_form(actor_of(request), form_id, role=Role.EDITOR)
        changes = checked(UpdateFormInput, request)
        if "min_cell" in changes:
            form = access.get_form(actor_of(request), form_id, role=Role.OWNER)
        if "state" in changes:
            changes["state"] = FormState(changes["state"])
        expected = changes.pop("revision", None)
        with matching(request, revision_tag(form.revision)):
            return _shown(catalog.update_form(form, expected_revision=expected, **changes))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, form_id: str) -> Response:
        """Take the form away. Its responses stay until retention takes them."""
        form = access.get_form(actor_of(request), form_id, role=Role.OWNER)
        with matching(request, revision_tag(form.revision)):
            catalog.delete_form(form)
        return Response(status=204)


@extend_schema(tags=["forms"])
class Publish(FormView):
    @extend_schema(request=None, responses={201: VersionOutput})
    def post(self, request: Request, form_id: str) -> Response:
        """Freeze the draft as the next version and open the form."""
        actor = actor_of(request)
        form = access.get_form(actor, form_id, role=Role.EDITOR)
        return Response(version_body(publishing.publish_form(form, actor=actor)), status=201)


@extend_schema(tags=["forms"])
class VersionList(FormView):
    @extend_schema(responses=VersionOutput(many=True))
    def get(self, request: Request, form_id: str) -> Response:
        form = access.get_form(actor_of(request), form_id)
        return Response([version_body(v) for v in get_store().list_versions(form.id)])


@extend_schema(tags=["forms"])
class VersionDetail(FormView):
    @extend_schema(responses=VersionOutput)
    def get(self, request: Request, form_id: str, number: int) -> Response:
        form = access.get_form(actor_of(request), form_id)
        return Response(version_body(versions.get_version(form.id, number)))


@extend_schema(tags=["forms"])
class VersionDiff(FormView):
    @extend_schema(responses=ChangeOutput(many=True))
    def get(self, request: Request, form_id: str, number: int) -> Response:
        """What this version changed against the one before."""
        form = access.get_form(actor_of(request), form_id)
        new = versions.get_definition(form.id, number)
        if number == 1:
            return Response([])
        old = versions.get_definition(form.id, number - 1)
        return Response([asdict(change) for change in diff_definitions(old, new)])


@extend_schema(tags=["forms"])
class MemberList(FormView):
    @extend_schema(responses=MemberOutput(many=True))
    def get(self, request: Request, form_id: str) -> Response:
        """Everybody with a role on the form, its owner included."""
        form = access.get_form(actor_of(request), form_id)
        members = FormMembership.objects.filter(form_id=form.id).select_related("user")
        found = {m.user.get_username(): m.role for m in members if m.user_id != form.owner_id}
        owner = get_user_model().objects.filter(pk=form.owner_id).first()
        if owner is not None:
            found[owner.get_username()] = Role.OWNER.value
        return Response([{"username": name, "role": found[name]} for name in sorted(found)])

    @extend_schema(request=MemberInput, responses={200: MemberOutput})
    def post(self, request: Request, form_id: str) -> Response:
        """Give somebody a role on the form, instead of the one they have.

        Whoever made the form is always its owner.
        """
        form = access.get_form(actor_of(request), form_id, role=Role.OWNER)
        wanted = checked(MemberInput, request)
        user_id = _user_id(wanted["username"])
        access.share_form(form, user_id=user_id, role=Role(wanted["role"]))
        return Response(wanted)


@extend_schema(tags=["forms"])
class MemberDetail(FormView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, form_id: str, username: str) -> Response:
        form = access.get_form(actor_of(request), form_id, role=Role.OWNER)
        access.unshare_form(form, user_id=_user_id(username))
        return Response(status=204)


def _shown(form: Form, *, status: int = 200) -> Response:
    return tagged(form_body(form), revision_tag(form.revision), status=status)


def _user_id(username: str) -> int:
    found = get_user_model().objects.filter(username=username, is_active=True).first()
    if found is None:
        raise NotFoundError("There is no such user.", username=username)
    return int(found.pk)
