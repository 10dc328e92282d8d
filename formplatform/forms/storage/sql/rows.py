"""The rows of the SQL form store. Columns carry the names of the domain's fields.

Counters have 64 bits, as they have in MongoDB and SQLite anyway: what a store holds must not depend
on which one it is.
"""

from django.db import models
from django.db.models import Q

from .fields import IdField, JsonTextField

UNDISPATCHED = Q(dispatched_at__isnull=True)
LIVE = Q(deleted_at__isnull=True)
KEYED = Q(idempotency_key__isnull=False)


class FormRow(models.Model):
    id = IdField(primary_key=True)
    owner_id = models.BigIntegerField()
    title = models.TextField()
    title_key = models.TextField()
    """The title case-folded: SQL's own notion of case differs from store to store."""
    draft = JsonTextField()
    state = models.CharField(max_length=10)
    public = models.BooleanField()
    min_cell = models.PositiveIntegerField(db_default=0)
    current_version = models.PositiveBigIntegerField(null=True)
    idempotency_key = models.TextField(null=True)  # noqa: DJ001 - no key is not an empty key
    revision = models.PositiveBigIntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "forms_form"
        constraints = [
            models.UniqueConstraint(
                fields=["owner_id", "idempotency_key"], condition=KEYED, name="form_key"
            )
        ]
        indexes = [models.Index(fields=["created_at", "id"], condition=LIVE, name="form_created")]

    def __str__(self) -> str:
        return str(self.id)


class VersionRow(models.Model):
    form_id = IdField()
    number = models.PositiveBigIntegerField()
    definition = JsonTextField()
    published_at = models.DateTimeField()
    published_by = models.BigIntegerField(null=True)
    dispatched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "forms_version"
        constraints = [models.UniqueConstraint(fields=["form_id", "number"], name="version_number")]
        indexes = [
            models.Index(
                fields=["published_at"], condition=UNDISPATCHED, name="version_undispatched"
            )
        ]

    def __str__(self) -> str:
        return f"{self.form_id} v{self.number}"


class ResponseRow(models.Model):
    id = IdField(primary_key=True)
    form_id = IdField()
    version = models.PositiveBigIntegerField()
    data = JsonTextField()
    submitted_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    revision = models.PositiveBigIntegerField()
    deleted_at = models.DateTimeField(null=True)
    submitted_by = models.BigIntegerField(null=True)
    updated_by = models.BigIntegerField(null=True)
    source = models.CharField(max_length=10)
    session_id = IdField(null=True)
    idempotency_key = models.TextField(null=True)  # noqa: DJ001 - no key is not an empty key
    fingerprint = models.TextField(null=True)  # noqa: DJ001 - as above
    dispatched_revision = models.PositiveBigIntegerField()
    dispatched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "forms_response"
        constraints = [
            models.UniqueConstraint(
                fields=["form_id", "idempotency_key"], condition=KEYED, name="response_key"
            )
        ]
        indexes = [
            # The revision is there for `change_mark`, which then reads nothing but the index.
            models.Index(
                fields=["form_id", "submitted_at", "id", "revision"], name="response_newest"
            ),
            models.Index(fields=["form_id", "id"], condition=LIVE, name="response_live"),
            models.Index(
                fields=["form_id", "updated_at", "id", "revision"], name="response_changed"
            ),
            models.Index(
                fields=["updated_at", "id"], condition=UNDISPATCHED, name="response_undispatched"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class RevisionRow(models.Model):
    """The history: every revision but the newest, which is in the response's own row."""

    response_id = IdField()
    form_id = IdField()
    revision = models.PositiveBigIntegerField()
    version = models.PositiveBigIntegerField()
    data = JsonTextField(null=True)
    at = models.DateTimeField()
    by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "forms_revision"
        constraints = [
            models.UniqueConstraint(fields=["response_id", "revision"], name="revision_of_response")
        ]

    def __str__(self) -> str:
        return f"{self.response_id} r{self.revision}"


class SessionRow(models.Model):
    id = IdField(primary_key=True)
    form_id = IdField()
    viewed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    pages = JsonTextField()
    answered = JsonTextField(default=dict)
    response_id = IdField(null=True)
    revision = models.PositiveBigIntegerField()
    dispatched_revision = models.PositiveBigIntegerField()
    dispatched_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "forms_session"
        indexes = [
            models.Index(fields=["form_id", "id"], name="session_of_form"),
            models.Index(
                fields=["updated_at", "id"], condition=UNDISPATCHED, name="session_undispatched"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
