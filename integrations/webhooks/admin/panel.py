"""The panel above an endpoint's settings: how it is doing, and what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from formplatform.core.admin_theme import Colour
from integrations.webhooks.explaining.health import LaneState, health_of, lane_state
from integrations.webhooks.explaining.steps import spoken_time
from integrations.webhooks.explaining.waiting import lane_holds
from integrations.webhooks.models import Webhook

from .looks import HEALTH_COLOURS


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    deed: str
    label: str
    is_main: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    health: str
    colour: Colour
    facts: tuple[tuple[str, str], ...]
    buttons: tuple[Button, ...]
    deliveries: str
    dead_letters: str


def panel_of(webhook: Webhook) -> Panel:
    """The webhook comes from `with_health`."""
    health, narrowed = health_of(webhook).value, urlencode({"webhook__id__exact": webhook.pk})
    return Panel(
        health=health,
        colour=HEALTH_COLOURS[health],
        facts=tuple(_facts(webhook, lane_state(webhook))),
        buttons=_buttons(webhook),
        deliveries=f"{reverse('admin:integrations_delivery_changelist')}?{narrowed}",
        dead_letters=f"{reverse('admin:integrations_deadletter_changelist')}?{narrowed}",
    )


def _buttons(webhook: Webhook) -> tuple[Button, ...]:
    rotate = Button(deed="rotate", label="Rotate secret")
    if webhook.is_enabled:
        return (
            Button(deed="send_test", label="Send test event", is_main=True),
            rotate,
            Button(deed="disable", label="Disable"),
        )
    return (
        Button(deed="enable_and_replay", label="Enable and send missed", is_main=True),
        Button(deed="enable", label="Enable only"),
        rotate,
    )


def _facts(webhook: Webhook, state: LaneState) -> Iterator[tuple[str, str]]:
    counted = vars(webhook)
    if not webhook.is_enabled:
        why = webhook.get_disabled_reason_display()
        yield "Disabled", f"since {spoken_time(webhook.disabled_at)}: {why}"
    yield (
        "Last 24 hours",
        f"{counted['delivered_count']:,} delivered, {counted['dead_count']:,} dead letters",
    )
    yield "Last success", spoken_time(state.last_success_at) or "never"
    if counted["waiting_count"]:
        first = spoken_time(counted["oldest_due_at"])
        yield "Waiting", f"{counted['waiting_count']:,}, the first one due at {first}"
    if state.failing_since:
        yield "Failing since", spoken_time(state.failing_since)
    if state.disabled_at_latest:
        yield "Disabled if it goes on", f"at about {spoken_time(state.disabled_at_latest)}"
    for step in lane_holds(webhook):
        yield "Held up", step.text
