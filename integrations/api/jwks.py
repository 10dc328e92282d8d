"""The public keys of an endpoint, for its receiver, as a JSON Web Key Set (RFC 7517, RFC 8037)."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from formplatform.core.api.permissions import OpenPermission
from formplatform.core.api.rendering import FastJSONRenderer
from formplatform.core.clock import now
from formplatform.core.errors import FieldError, InvalidInputError
from formplatform.forms.ids import is_id
from integrations.webhooks.keys import jwk_of
from integrations.webhooks.rotation import public_keys

from .serializers import ID_PATTERN, Plain

CACHED_SECONDS = 300
MISSING = "Name the endpoint, ?webhook_id=…: keys of others prove nothing to its receiver."


class JwkOutput(serializers.Serializer[Plain]):
    kty = serializers.ChoiceField(choices=["OKP"])
    crv = serializers.ChoiceField(choices=["Ed25519"])
    x = serializers.CharField(help_text="The key, base64url without padding.")
    kid = serializers.CharField(help_text="The thumbprint of RFC 7638.")
    alg = serializers.ChoiceField(choices=["EdDSA"])
    use = serializers.ChoiceField(choices=["sig"])


class JwksOutput(serializers.Serializer[Plain]):
    keys = JwkOutput(many=True)


class WebhookKeySet(APIView):
    authentication_classes = []  # whoever asks, the answer is the same: a cache may keep it
    permission_classes = [OpenPermission]
    renderer_classes = [FastJSONRenderer]

    @extend_schema(
        operation_id="webhooks_jwks",
        tags=["webhooks"],
        auth=[],
        parameters=[
            OpenApiParameter("webhook_id", {"type": "string", "pattern": ID_PATTERN}, required=True)
        ],
        responses=JwksOutput,
    )
    def get(self, request: Request) -> Response:
        """The ed25519 keys that sign for an endpoint now, the newest first.

        An endpoint that has none, or is none, has an empty set.
        """
        webhook_id = request.query_params.get("webhook_id", "")
        if not is_id(webhook_id):
            errors = [FieldError("webhook_id", "invalid", MISSING)]
            raise InvalidInputError("Whose keys?", errors=errors)
        found = [jwk_of(key.public_key) for key in public_keys(webhook_id, at=now())]
        headers = {"Cache-Control": f"public, max-age={CACHED_SECONDS}"}
        return Response({"keys": found}, headers=headers)
