"""Filters of deliveries. None asks a table which values there are: that would read all of it."""

from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from formplatform.core import clock
from formplatform.core.errors import UnavailableError
from integrations.webhooks.events import DELIVERABLE_NAMES, TEST_NAME
from integrations.webhooks.models import Delivery, Webhook

from .looks import titles_of

MOST_CHOICES = 50
SPANS = {"hour": ("Past hour", 1), "day": ("Past 24 hours", 24), "week": ("Past 7 days", 7 * 24)}


class EventTypeFilter(SimpleListFilter):
    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in (*DELIVERABLE_NAMES, TEST_NAME)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(event__type=self.value()) if self.value() else queryset


class EndpointFilter(SimpleListFilter):
    """Endpoints that ever had a dead letter, the last failing ones first."""

    title = "endpoint"
    parameter_name = "webhook__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(webhook.pk, str(webhook)) for webhook in _troubled()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(webhook=self.value()) if self.value() else queryset


class FormFilter(SimpleListFilter):
    title = "form"
    parameter_name = "form"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        try:
            return sorted(titles_of(_troubled()).items(), key=lambda each: each[1])
        except UnavailableError:  # the list of dead letters is there without the form store too
            return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(event__form_id=self.value()) if self.value() else queryset


class GivenUpFilter(SimpleListFilter):
    title = "given up"
    parameter_name = "given_up"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _) in SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        _, hours = SPANS.get(self.value() or "", ("", 0))
        if not hours:
            return queryset
        return queryset.filter(finished_at__gte=clock.now() - timedelta(hours=hours))


def _troubled() -> list[Webhook]:
    found = Webhook.objects.filter(lane__dead_total__gt=0).order_by("-lane__last_failure_at", "-pk")
    return list(found[:MOST_CHOICES])
