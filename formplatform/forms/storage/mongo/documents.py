"""The collections of the form store: their fields and indexes.

The store moves plain documents with PyMongo for speed; what it writes is valid here (a test holds
it), so `ResponseDocument.objects(...)` works in a shell. Definitions are kept as JSON text: the
keys people choose in a draft must never meet MongoDB's rules for keys, nor its number types.
"""

from typing import Any

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentListField,
    IntField,
    LongField,
    ObjectIdField,
    StringField,
)

from .connection import ALIAS

KEYED = {"idempotency_key": {"$type": "string"}}
PENDING = {"pending": True}
"""`pending` stands for `dispatched_at` None: a partial index needs a plain equality."""


def _meta(collection: str, *indexes: dict[str, Any]) -> dict[str, Any]:
    return {
        "db_alias": ALIAS,
        "collection": collection,
        "auto_create_index": False,
        "index_cls": False,
        "indexes": list(indexes),
    }


class FormDocument(Document):
    id = ObjectIdField(primary_key=True)
    owner_id = LongField(required=True)
    title = StringField(required=True)
    title_key = StringField(required=True)
    draft = StringField(required=True)
    state = StringField(required=True)
    public = BooleanField(required=True)
    min_cell = IntField()
    """Forms from before there was one have none."""
    current_version = IntField()
    idempotency_key = StringField()
    revision = IntField(required=True)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    deleted_at = DateTimeField()

    meta = _meta(
        "forms",
        {
            "name": "form_key",
            "fields": ["owner_id", "idempotency_key"],
            "unique": True,
            "partialFilterExpression": KEYED,
        },
        {"name": "form_created", "fields": ["created_at", "id"]},
    )


class VersionDocument(Document):
    id = StringField(primary_key=True)
    """ "<form id>/<number>": what must be unique is the key, so no second index has to hold it."""
    form_id = ObjectIdField(required=True)
    number = IntField(required=True)
    definition = StringField(required=True)
    published_at = DateTimeField(required=True)
    published_by = LongField()
    dispatched_at = DateTimeField()
    pending = BooleanField(required=True)

    meta = _meta(
        "form_versions",
        {"name": "version_of_form", "fields": ["form_id", "number"]},
        {
            "name": "version_undispatched",
            "fields": ["published_at"],
            "partialFilterExpression": PENDING,
        },
    )


class ResponseDocument(Document):
    id = ObjectIdField(primary_key=True)
    form_id = ObjectIdField(required=True)
    version = IntField(required=True)
    data = DictField()
    submitted_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    revision = IntField(required=True)
    deleted_at = DateTimeField()
    submitted_by = LongField()
    updated_by = LongField()
    source = StringField(required=True)
    session_id = ObjectIdField()
    idempotency_key = StringField()
    fingerprint = StringField()
    dispatched_revision = IntField(required=True)
    dispatched_at = DateTimeField()
    pending = BooleanField(required=True)

    meta = _meta(
        "form_responses",
        {
            "name": "response_key",
            "fields": ["form_id", "idempotency_key"],
            "unique": True,
            "partialFilterExpression": KEYED,
        },
        # The revision is there for `change_mark`, which then reads nothing but the index.
        {"name": "response_newest", "fields": ["form_id", "submitted_at", "id", "revision"]},
        {"name": "response_live", "fields": ["form_id", "id"]},
        {"name": "response_changed", "fields": ["form_id", "updated_at", "id", "revision"]},
        {
            "name": "response_undispatched",
            "fields": ["updated_at", "id"],
            "partialFilterExpression": PENDING,
        },
    )


class RevisionDocument(Document):
    """The history: every revision but the newest, which is in the response itself."""

    id = StringField(primary_key=True)
    """ "<response id>/<revision>"."""
    response_id = ObjectIdField(required=True)
    form_id = ObjectIdField(required=True)
    revision = IntField(required=True)
    version = IntField(required=True)
    data = DictField(null=True)
    at = DateTimeField(required=True)
    by = LongField()

    meta = _meta("form_revisions")


class ReachedPage(EmbeddedDocument):
    page = StringField(required=True)
    at = DateTimeField(required=True)


class AnsweredField(EmbeddedDocument):
    field = StringField(required=True)
    at = DateTimeField(required=True)


class SessionDocument(Document):
    id = ObjectIdField(primary_key=True)
    form_id = ObjectIdField(required=True)
    viewed_at = DateTimeField()
    started_at = DateTimeField()
    submitted_at = DateTimeField()
    pages = EmbeddedDocumentListField(ReachedPage)
    answered = EmbeddedDocumentListField(AnsweredField)
    response_id = ObjectIdField()
    revision = IntField(required=True)
    dispatched_revision = IntField(required=True)
    dispatched_at = DateTimeField()
    updated_at = DateTimeField(required=True)
    pending = BooleanField(required=True)

    meta = _meta(
        "form_sessions",
        {"name": "session_of_form", "fields": ["form_id", "id"]},
        {
            "name": "session_undispatched",
            "fields": ["updated_at", "id"],
            "partialFilterExpression": PENDING,
        },
    )


DOCUMENTS = (FormDocument, VersionDocument, ResponseDocument, RevisionDocument, SessionDocument)
