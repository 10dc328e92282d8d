"""URLs below /api/v2/."""

from django.urls import path

from . import completeness, dead_letters, deliveries, dry_runs, explanations, webhooks

urlpatterns = [
    path("webhooks/", webhooks.WebhookList.as_view(), name="webhooks"),
    path("webhooks/dry-run/", dry_runs.DryRun.as_view(), name="webhooks-dry-run"),
    path("webhooks/<str:webhook_id>/", webhooks.WebhookDetail.as_view(), name="webhook"),
    path(
        "webhooks/<str:webhook_id>/dry-run/",
        dry_runs.WebhookDryRun.as_view(),
        name="webhook-dry-run",
    ),
    path("webhooks/<str:webhook_id>/test/", webhooks.WebhookTest.as_view(), name="webhook-test"),
    path(
        "webhooks/<str:webhook_id>/rotate-secret/",
        webhooks.RotateSecret.as_view(),
        name="webhook-rotate-secret",
    ),
    path(
        "webhooks/<str:webhook_id>/enable/", webhooks.EnableWebhook.as_view(), name="webhook-enable"
    ),
    path(
        "webhooks/<str:webhook_id>/disable/",
        webhooks.DisableWebhook.as_view(),
        name="webhook-disable",
    ),
    path(
        "webhooks/<str:webhook_id>/deliveries/",
        deliveries.WebhookDeliveries.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "webhooks/<str:webhook_id>/manifest/",
        completeness.Manifest.as_view(),
        name="webhook-manifest",
    ),
    path(
        "webhooks/<str:webhook_id>/explain/",
        explanations.Explain.as_view(),
        name="webhook-explain",
    ),
    path("deliveries/<str:delivery_id>/", deliveries.DeliveryDetail.as_view(), name="delivery"),
    path(
        "deliveries/<str:delivery_id>/redeliver/", deliveries.Redeliver.as_view(), name="redeliver"
    ),
    path("dead-letters/", dead_letters.DeadLetterList.as_view(), name="dead-letters"),
    path(
        "dead-letters/replay/",
        dead_letters.ReplayDeadLetters.as_view(),
        name="dead-letters-replay",
    ),
]
