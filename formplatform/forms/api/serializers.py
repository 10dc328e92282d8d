"""What the forms endpoints take and give."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from formplatform.core.api.pagination import PageOutput
from formplatform.core.clock import to_text
from formplatform.forms.domain import FORM_STATES, Form, FormResponse, FormVersion, Session
from formplatform.forms.memberships import ROLES

Plain = dict[str, Any]
MOST_MIN_CELL = 1000


class MinCellField(serializers.IntegerField):
    """How many respondents a group needs to be shown: 0 for any, or 2 and more."""

    def __init__(self, **options: Any) -> None:
        text = "Fewer respondents than this are shown in no figures, nor can be worked out; 0: off."
        super().__init__(min_value=0, max_value=MOST_MIN_CELL, help_text=text, **options)


LUNCH = {
    "title": "Lunch",
    "definition": {
        "fields": [
            {"id": "name", "type": "text", "label": "Your name", "pii": True},
            {"id": "dish", "type": "choice", "label": "Your dish", "options": ["Soup", "Salad"]},
        ]
    },
}


@extend_schema_serializer(examples=[OpenApiExample("A form of two fields", LUNCH)])
class CreateFormInput(serializers.Serializer[Plain]):
    title = serializers.CharField(max_length=300)
    definition = serializers.DictField()
    public = serializers.BooleanField(default=False)
    min_cell = MinCellField(default=0)


class UpdateFormInput(serializers.Serializer[Plain]):
    title = serializers.CharField(max_length=300, required=False)
    definition = serializers.DictField(required=False)
    public = serializers.BooleanField(required=False)
    min_cell = MinCellField(required=False)
    state = serializers.ChoiceField(choices=FORM_STATES, required=False)
    revision = serializers.IntegerField(
        min_value=1, required=False, help_text="Refuse (409) unless the form is at this revision."
    )


class FormOutput(serializers.Serializer[Plain]):
    id = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=FORM_STATES)
    public = serializers.BooleanField()
    min_cell = serializers.IntegerField()
    current_version = serializers.IntegerField(allow_null=True)
    revision = serializers.IntegerField()
    owner_id = serializers.IntegerField()
    draft = serializers.DictField()
    created_at = serializers.CharField()
    updated_at = serializers.CharField()


class FormPage(PageOutput):
    results = FormOutput(many=True)


class VersionOutput(serializers.Serializer[Plain]):
    form_id = serializers.CharField()
    number = serializers.IntegerField()
    definition = serializers.DictField()
    published_at = serializers.CharField()
    published_by = serializers.IntegerField(allow_null=True)


class ChangeOutput(serializers.Serializer[Plain]):
    field = serializers.CharField()
    kind = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)
    compatible = serializers.BooleanField()


@extend_schema_serializer(
    examples=[OpenApiExample("A response", {"answers": {"vote": "Clinton", "age": 36}})]
)
class AnswersInput(serializers.Serializer[Plain]):
    answers = serializers.DictField(help_text="Field name → answer.")
    session_id = serializers.RegexField("^[0-9a-f]{24}$", required=False)


class EditResponseInput(serializers.Serializer[Plain]):
    answers = serializers.DictField(help_text="Field name → answer; replaces all answers.")
    revision = serializers.IntegerField(min_value=1, required=False)


class ResponseOutput(serializers.Serializer[Plain]):
    id = serializers.CharField()
    form_id = serializers.CharField()
    version = serializers.IntegerField()
    revision = serializers.IntegerField()
    answers = serializers.DictField(help_text="Field id → canonical answer.")
    submitted_at = serializers.CharField()
    updated_at = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the stubs' own `source`
    session_id = serializers.CharField(allow_null=True)


class ResponsePage(serializers.Serializer[Plain]):
    next = serializers.CharField(allow_null=True)
    results = ResponseOutput(many=True)


class SessionInput(serializers.Serializer[Plain]):
    session_id = serializers.RegexField("^[0-9a-f]{24}$", required=False)
    steps = serializers.ListField(
        child=serializers.ChoiceField(choices=["view", "start", "submit"]), max_length=3, default=[]
    )
    pages = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        max_length=500,
        default=[],
        help_text="Pages reached, in this order: each the `page` of a field of the form.",
    )
    fields = serializers.ListField(  # type: ignore[assignment]  # hides DRF's own attribute
        child=serializers.CharField(max_length=64),
        max_length=500,
        default=[],
        help_text="Ids of fields answered, in this order.",
    )


class SessionOutput(serializers.Serializer[Plain]):
    session_id = serializers.CharField()
    viewed_at = serializers.CharField(allow_null=True)
    started_at = serializers.CharField(allow_null=True)
    submitted_at = serializers.CharField(allow_null=True)
    pages = serializers.DictField(child=serializers.CharField())
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]  # as above


class MemberInput(serializers.Serializer[Plain]):
    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=[role for role in ROLES if role[0] != "owner"])


class MemberOutput(serializers.Serializer[Plain]):
    username = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)


def form_body(form: Form) -> Plain:
    return {
        "id": form.id,
        "title": form.title,
        "state": form.state.value,
        "public": form.public,
        "min_cell": form.min_cell,
        "current_version": form.current_version,
        "revision": form.revision,
        "owner_id": form.owner_id,
        "draft": form.draft,
        "created_at": to_text(form.created_at),
        "updated_at": to_text(form.updated_at),
    }


def version_body(version: FormVersion) -> Plain:
    return {
        "form_id": version.form_id,
        "number": version.number,
        "definition": version.definition,
        "published_at": to_text(version.published_at),
        "published_by": version.published_by,
    }


def response_body(response: FormResponse) -> Plain:
    return {
        "id": response.id,
        "form_id": response.form_id,
        "version": response.version,
        "revision": response.revision,
        "answers": response.data,
        "submitted_at": to_text(response.submitted_at),
        "updated_at": to_text(response.updated_at),
        "source": response.source.value,
        "session_id": response.session_id,
    }


def session_body(session: Session) -> Plain:
    times = {
        name: None if moment is None else to_text(moment)
        for name, moment in (
            ("viewed_at", session.viewed_at),
            ("started_at", session.started_at),
            ("submitted_at", session.submitted_at),
        )
    }
    pages = {page: to_text(moment) for page, moment in session.pages.items()}
    answered = {field_id: to_text(moment) for field_id, moment in session.answered.items()}
    return {"session_id": session.id, **times, "pages": pages, "fields": answered}
