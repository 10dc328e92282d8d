"""What people keep of their analyses: queries under a name."""

from django.conf import settings
from django.db import models


class Sharing(models.TextChoices):
    PRIVATE = "private", "only me"
    TEAM = "team", "the form's team"
    USERS = "users", "people I name"


class SavedQuery(models.Model):
    """A query of one form under a name. `revision` counts changes, for compare-and-set.

    Sharing opens it to people who may see the form, never the form to people.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_queries"
    )
    form_id = models.CharField(max_length=24, db_index=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=2000)
    query = models.JSONField(help_text="As the query endpoint takes it")
    sharing = models.CharField(max_length=7, choices=Sharing, default=Sharing.PRIVATE)
    shared_with = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="shared_queries"
    )
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "saved query"
        verbose_name_plural = "saved queries"
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
