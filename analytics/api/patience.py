"""Asking over HTTP for what may have to be read first."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.views import APIView

from analytics.columns import PATIENCE_SECONDS, waiting_at_most


class PatientView(APIView):
    """Answers 503 with Retry-After, before a proxy gives up, while a form is still being read."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with waiting_at_most(PATIENCE_SECONDS):
            return super().dispatch(request, *args, **kwargs)
