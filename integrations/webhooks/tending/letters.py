"""What a mail about an endpoint says.

Nothing in it comes from a receiver or a respondent, and of the URL only the host: paths and queries
hold tokens.
"""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.notice_models import Notice

from .failing import disable_after

LONGEST_NAME = 80


def letter_about(notice: Notice) -> tuple[str, str]:
    """Subject and text of a notice, as things are now."""
    webhook = notice.webhook
    name = _name(webhook)
    subject, *paragraphs = _WRITERS[Notice.Kind(notice.kind)](webhook, name)
    paragraphs.append(f"Details, and what you can do: {_link(webhook)}")
    return f"Webhook {name}: {subject}", "\n\n".join(paragraphs) + "\n"


def _about_dead_letters(webhook: Webhook, name: str) -> list[str]:
    lane, dead = webhook.lane, _dead_letters(webhook)
    messages = "1 message" if dead == 1 else f"{dead:,} messages"
    last = webhook.deliveries.filter(status=Delivery.Status.DEAD).order_by("-finished_at").first()
    error = f" What went wrong last: {last.last_error}" if last and last.last_error else ""
    state = (
        f"No message has arrived since {_moment(lane.failing_since)}."
        if lane.failing_since
        else "The endpoint has taken messages again since."
    )
    return [
        "messages could not be delivered",
        (
            f"{messages} to the endpoint {name} could not be delivered, however often they were "
            f"tried. They are kept as dead letters. {state}{error}"
        ),
        "Nothing is lost: once the receiving server is well, send the dead letters again.",
        "You are not written to about each message.",
    ]


def _about_disabling_soon(webhook: Webhook, name: str) -> list[str]:
    lane = webhook.lane
    left = disable_after(lane)
    hours = round(left.total_seconds() / 3600) if left else 0
    when = f"in about {hours} hours" if hours else "soon"
    return [
        "it will be disabled if it goes on failing",
        (
            f"Every attempt to reach the endpoint {name} has failed since "
            f"{_moment(lane.failing_since)}. If that goes on, the endpoint is disabled {when}: "
            "then nothing more is sent to it, and what waits becomes dead letters."
        ),
        "One message that arrives is enough to stop this.",
    ]


def _about_being_disabled(webhook: Webhook, name: str) -> list[str]:
    reason = {
        Webhook.DisabledReason.GONE: "Its server answered 410 Gone, which means: never again.",
        Webhook.DisabledReason.FAILING: "Every attempt had failed for "
        f"{settings.WEBHOOK_DISABLE_AFTER_DAYS} days.",
    }.get(Webhook.DisabledReason(webhook.disabled_reason or Webhook.DisabledReason.BY_OWNER), "")
    return [
        "it was disabled",
        f"The endpoint {name} is disabled since {_moment(webhook.disabled_at)}. {reason}",
        (
            f"{_dead_letters(webhook):,} dead letters are kept. Once the receiving server is well, "
            "enable the endpoint; you can have what it missed sent again in the same step."
        ),
    ]


def _about_recovery(webhook: Webhook, name: str) -> list[str]:
    dead = _dead_letters(webhook)
    left = f"{dead:,} dead letters can be sent again." if dead else "No dead letters are left."
    return ["it works again", f"A message arrived at the endpoint {name} again.", left]


_WRITERS = {
    Notice.Kind.DEAD_LETTERS: _about_dead_letters,
    Notice.Kind.WILL_BE_DISABLED: _about_disabling_soon,
    Notice.Kind.DISABLED: _about_being_disabled,
    Notice.Kind.RECOVERED: _about_recovery,
}


def _name(webhook: Webhook) -> str:
    name = webhook.description or urlsplit(webhook.url).hostname or webhook.pk
    return " ".join(name.split())[:LONGEST_NAME]


def _dead_letters(webhook: Webhook) -> int:
    return webhook.deliveries.filter(status=Delivery.Status.DEAD).count()


def _link(webhook: Webhook) -> str:
    page = "admin:integrations_webhook_change" if webhook.owner.is_staff else "webhook"
    return settings.PUBLIC_URL.rstrip("/") + reverse(page, args=[webhook.pk])


def _moment(moment: datetime | None) -> str:
    return f"{moment:%d %B %Y, %H:%M} UTC" if moment else "some time"
