"""One's own API keys over HTTP. Only a session may make keys: a key cannot make others."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.api.authentication import actor_of
from formplatform.core.api_keys import (
    GRACE,
    LONGEST_GRACE,
    SCOPES,
    create_key,
    revoke_key,
    rotate_key,
)
from formplatform.core.clock import now
from formplatform.core.errors import NotFoundError
from formplatform.core.models import ApiKey


class ApiKeyInput(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=len(SCOPES)
    )
    form_ids = serializers.ListField(
        child=serializers.RegexField("^[0-9a-f]{24}$"), required=False, max_length=1000
    )
    expires_at = serializers.DateTimeField(required=False)

    def validate_expires_at(self, moment: datetime) -> datetime:
        if moment <= now():
            raise serializers.ValidationError("Expected a moment to come.")
        return moment


class ApiKeyOutput(serializers.ModelSerializer[ApiKey]):
    class Meta:
        model = ApiKey
        fields = (
            *("id", "name", "prefix", "scopes", "form_ids"),
            *("created_at", "expires_at", "revoked_at", "last_used_at"),
            "previous_expires_at",
        )
        read_only_fields = fields


class NewApiKeyOutput(ApiKeyOutput):
    token = serializers.CharField(help_text="Shown this once: keep it.")

    class Meta(ApiKeyOutput.Meta):
        fields = (*ApiKeyOutput.Meta.fields, "token")  # type: ignore[assignment]  # one more


class RotateInput(serializers.Serializer[dict[str, Any]]):
    grace_seconds = serializers.IntegerField(
        min_value=0,
        max_value=int(LONGEST_GRACE.total_seconds()),
        default=int(GRACE.total_seconds()),
        help_text="How long the secret before stays good: 0 ends it now.",
    )


@extend_schema(tags=["api keys"])
class ApiKeyList(APIView):
    read_scope: ClassVar[None] = None  # a session only
    write_scope: ClassVar[None] = None
    conflicts: ClassVar[bool] = False

    @extend_schema(operation_id="api_keys_list", responses=ApiKeyOutput(many=True))
    def get(self, request: Request) -> Response:
        keys = ApiKey.objects.filter(user_id=actor_of(request).user_id or 0)
        return Response(ApiKeyOutput(keys, many=True).data)

    @extend_schema(request=ApiKeyInput, responses={201: NewApiKeyOutput})
    def post(self, request: Request) -> Response:
        """Make a key. Its text is in this answer and nowhere else."""
        wanted = ApiKeyInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        key, token = create_key(request.user, **wanted.validated_data)  # type: ignore[arg-type]  # DRF: never anonymous here
        return Response({**ApiKeyOutput(key).data, "token": token}, status=201)


@extend_schema(tags=["api keys"])
class ApiKeyDetail(APIView):
    read_scope: ClassVar[None] = None
    write_scope: ClassVar[None] = None
    conflicts: ClassVar[bool] = False

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke the key, whichever secret of it is used; it stays listed."""
        revoke_key(_own(request, key_id))
        return Response(status=204)


@extend_schema(tags=["api keys"])
class ApiKeyRotate(APIView):
    write_scope: ClassVar[None] = None

    @extend_schema(request=RotateInput, responses=NewApiKeyOutput)
    def post(self, request: Request, key_id: int) -> Response:
        """Give the key a new secret, which is in this answer and nowhere else.

        The one before stays good for `grace_seconds`; one from before that ends now. Name, scopes,
        forms and expiry stay.
        """
        key, wanted = _own(request, key_id), RotateInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        grace = timedelta(seconds=wanted.validated_data["grace_seconds"])
        token = rotate_key(key, grace=grace)
        return Response({**ApiKeyOutput(key).data, "token": token})


def _own(request: Request, key_id: int) -> ApiKey:
    key = ApiKey.objects.filter(user_id=actor_of(request).user_id or 0, pk=key_id).first()
    if key is None:
        raise NotFoundError("You have no such key.")
    return key
