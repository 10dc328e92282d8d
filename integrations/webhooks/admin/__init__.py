"""The admin of webhooks: endpoints with their health, deliveries with timelines, dead letters."""

from . import deadletter_pages, delivery_pages, webhook_pages  # noqa: F401 - registered so
