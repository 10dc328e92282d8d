"""The peer of `bench submit`: the same project, with one view that only inserts the document."""

import json

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from formplatform.core.clock import now
from formplatform.forms.domain import FormResponse
from formplatform.forms.ids import new_id
from formplatform.forms.storage.registry import get_store


@csrf_exempt
def insert(request: HttpRequest, form_id: str) -> JsonResponse:
    """Parse, insert, answer: no access, no validation, no event."""
    moment = now()
    stored = get_store().insert_response(
        FormResponse(
            id=new_id(),
            form_id=form_id,
            version=1,
            data=json.loads(request.body)["answers"],
            submitted_at=moment,
            updated_at=moment,
        )
    )
    return JsonResponse({"id": stored.id}, status=201)


urlpatterns = [path("api/v2/forms/<str:form_id>/responses/", insert)]
