"""Saved queries over HTTP: keep, change, remove, run."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics import saved_queries
from analytics.answering.results import body_of
from analytics.models import SavedQuery, Sharing
from formplatform.core.api.authentication import actor_of
from formplatform.core.api.idempotency import creates_once
from formplatform.core.api.preconditions import editing, matching, revision_tag, tagged

from .patience import PatientView
from .serializers import Plain, QueryOutput

MOST_PEOPLE = 100


class SavedQueryInput(serializers.Serializer[Plain]):
    form_id = serializers.CharField(max_length=24)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    query = serializers.JSONField(help_text="As the query endpoint takes it.")
    sharing = serializers.ChoiceField(choices=Sharing.choices, required=False)
    shared_with = serializers.ListField(
        child=serializers.CharField(max_length=150),
        required=False,
        max_length=MOST_PEOPLE,
        help_text="Names of users, for the sharing with people I name.",
    )


class SavedQueryChangeInput(SavedQueryInput):
    form_id = None  # type: ignore[assignment]  # a query stays with its form
    name = serializers.CharField(max_length=200, required=False)
    query = serializers.JSONField(required=False)
    revision = serializers.IntegerField(
        required=False, help_text="The revision you changed; another one is refused."
    )


class SavedQueryOutput(serializers.ModelSerializer[SavedQuery]):
    owner = serializers.CharField(source="owner.username", read_only=True)
    shared_with = serializers.SerializerMethodField()

    class Meta:
        model = SavedQuery
        fields = [
            *("id", "owner", "form_id", "name", "description", "query", "sharing"),
            *("shared_with", "revision", "created_at", "updated_at"),
        ]
        read_only_fields = fields

    def get_shared_with(self, query: SavedQuery) -> list[str]:
        return sorted(user.get_username() for user in query.shared_with.all())


class SavedQueryScopes:
    read_scope: ClassVar[str] = "analytics:read"
    write_scope: ClassVar[str] = "analytics:write"


@extend_schema(tags=["analytics"])
class SavedQueryList(SavedQueryScopes, ListAPIView[SavedQuery]):
    serializer_class = SavedQueryOutput
    queryset = SavedQuery.objects.none()

    def get_queryset(self) -> QuerySet[SavedQuery]:
        form_id = self.request.query_params.get("form_id") or None
        return saved_queries.visible_queries(actor_of(self.request), form_id=form_id)

    @extend_schema(parameters=[OpenApiParameter("form_id", str)])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Your own and those shared with you, by name."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=SavedQueryInput, responses={201: SavedQueryOutput})
    @creates_once
    def post(self, request: Request) -> Response:
        """Keep a query. One that the form cannot answer is refused, with the path."""
        wanted = SavedQueryInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        query = saved_queries.create_query(actor_of(request), wanted.validated_data)
        return _shown(query, status=201)


@extend_schema(tags=["analytics"])
class SavedQueryDetail(SavedQueryScopes, APIView):
    conditional: ClassVar[bool] = True

    @extend_schema(responses=SavedQueryOutput)
    def get(self, request: Request, query_id: int) -> Response:
        return _shown(saved_queries.get_query(actor_of(request), query_id))

    @extend_schema(request=SavedQueryChangeInput, responses=SavedQueryOutput)
    def patch(self, request: Request, query_id: int) -> Response:
        """Change what is given. Only its owner may."""
        actor = actor_of(request)
        query = saved_queries.get_query(actor, query_id)
        wanted = SavedQueryChangeInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = dict(wanted.validated_data)
        expected = values.pop("revision", None)
        with matching(request, _tag(query)):
            changed = saved_queries.change_query(actor, query, values, expected_revision=expected)
        return _shown(changed)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, query_id: int) -> Response:
        actor = actor_of(request)
        query = saved_queries.get_query(actor, query_id)
        with editing(request, SavedQuery.objects.filter(pk=query.pk), _tag) as newest:
            saved_queries.delete_query(actor, newest)
        return Response(status=204)


@extend_schema(tags=["analytics"])
class SavedQueryRun(PatientView):
    """Running reads, too, although it is posted."""

    read_scope: ClassVar[str] = "analytics:read"
    write_scope: ClassVar[str] = "analytics:read"
    conflicts: ClassVar[bool] = False
    also_answers: ClassVar[tuple[int, ...]] = (422,)

    @extend_schema(request=None, responses=QueryOutput)
    def post(self, request: Request, query_id: int) -> Response:
        """Its answer now. Where the form has changed so that it has none, the path says why."""
        actor = actor_of(request)
        query = saved_queries.get_query(actor, query_id)
        return Response(body_of(saved_queries.run_query(actor, query)))


def _shown(query: SavedQuery, *, status: int = 200) -> Response:
    return tagged(SavedQueryOutput(query).data, _tag(query), status=status)


def _tag(query: SavedQuery) -> str:
    return revision_tag(query.revision)
