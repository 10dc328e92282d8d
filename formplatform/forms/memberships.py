"""Who shares a form: rows people edit. The owner stands in the form itself."""

from django.conf import settings
from django.db import models

ROLES = [("submitter", "Submitter"), ("viewer", "Viewer"), ("editor", "Editor"), ("owner", "Owner")]


class FormMembership(models.Model):
    form_id = models.CharField(max_length=24)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    role = models.CharField(max_length=10, choices=ROLES)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form_id", "user"], name="membership_once")]
        indexes = [models.Index(fields=["user"], name="membership_user")]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} of {self.form_id}"
