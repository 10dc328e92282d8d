"""Mailing notices to an endpoint's people.

A notice is claimed by a conditional update, so two senders never send one. A mail server that does
not answer makes it wait; a sender that dies after the server took the mail is the one case in which
it goes twice, under the same Message-ID.
"""

import logging
import smtplib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F

from formplatform.core import clock
from integrations.webhooks.models import Webhook
from integrations.webhooks.notice_models import Notice

from .letters import letter_about

logger = logging.getLogger(__name__)

SENDING = timedelta(minutes=5)
"""A sender that has not come back by then is dead."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=7)
AT_A_TIME = 100
TROUBLE = (Notice.Kind.DEAD_LETTERS, Notice.Kind.WILL_BE_DISABLED, Notice.Kind.DISABLED)
UNSENDABLE = (ValueError, smtplib.SMTPNotSupportedError)
"""An address or a name that makes no mail: trying again changes nothing."""


def send_notices() -> int:
    """Mail what is due; returns how many mails went. Never raises for a mail server."""
    due = Notice.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")
    return sum(_send(notice) for notice in due.select_related("webhook__owner")[:AT_A_TIME])


def _send(notice: Notice) -> bool:
    lease = clock.now() + SENDING
    unclaimed = Notice.objects.filter(pk=notice.pk, due_at=notice.due_at)
    if not unclaimed.update(due_at=lease, tries=F("tries") + 1):
        return False
    mine = Notice.objects.filter(pk=notice.pk, due_at=lease)
    recipients = _recipients(notice.webhook)
    if not recipients or _is_no_longer_true(notice):
        mine.update(due_at=None)
        return False
    try:
        _mail(notice, recipients)
    except UNSENDABLE as error:
        logger.warning("a notice cannot be mailed", extra={"error": error})
        mine.update(due_at=None)
        return False
    except OSError as error:  # also of every fault of SMTP
        logger.warning("the mail server is away: a notice waits", extra={"error": error})
        mine.update(due_at=_next_try(notice))
        return False
    mine.update(due_at=None, sent_at=clock.now())
    return True


def _recipients(webhook: Webhook) -> list[str]:
    if not settings.EMAIL_HOST or webhook.deleted_at is not None:
        return []
    own = [webhook.owner.email] if webhook.owner.is_active and webhook.owner.email else []
    return list(dict.fromkeys([*own, *settings.WEBHOOK_ALERT_EMAILS]))


def _is_no_longer_true(notice: Notice) -> bool:
    lane = getattr(notice.webhook, "lane", None)
    if notice.kind == Notice.Kind.WILL_BE_DISABLED:
        return lane is None or lane.warned_percent == 0
    if notice.kind == Notice.Kind.DISABLED:
        return notice.webhook.is_enabled
    if notice.kind == Notice.Kind.RECOVERED:
        return lane is None or lane.alerted_at is not None or not _trouble_was_told(notice)
    return False


def _trouble_was_told(notice: Notice) -> bool:
    """By a mail of before: a later one told of the recovery itself."""
    told = Notice.objects.filter(webhook=notice.webhook_id, kind__in=TROUBLE, sent_at__isnull=False)
    latest = told.order_by("-sent_at").values_list("sent_at", flat=True).first()
    return latest is not None and latest <= notice.created_at


def _mail(notice: Notice, recipients: Iterable[str]) -> None:
    first, *others = recipients
    subject, body = letter_about(notice)
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    EmailMessage(
        subject,
        body,
        settings.DEFAULT_FROM_EMAIL,
        [first],
        bcc=others,
        headers={
            "Message-ID": f"<webhook-{notice.webhook_id}-{notice.pk}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    ).send()


def _next_try(notice: Notice) -> datetime | None:
    now = clock.now()
    if now - notice.created_at > GIVEN_UP_AFTER:
        return None
    wait: timedelta = min(FIRST_WAIT * 2 ** min(notice.tries, 10), LONGEST_WAIT)
    return now + wait
