"""What an operator should know before the platform starts."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning as CheckWarning, register

from .loader import BUNDLED


@register()
def check_sandboxing(*args: Any, **kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001 - Django's
    """Plugins from outside that run unfenced are worth a word at every start."""
    if settings.PLUGIN_ENABLE_SANDBOXING or settings.PLUGIN_DIRECTORY.resolve() == BUNDLED:
        return []
    return [
        CheckWarning(
            f"PLUGIN_ENABLE_SANDBOXING is false: plugins in {settings.PLUGIN_DIRECTORY} may run "
            "with full access to this server.",
            hint="Set it to true unless you trust every file in that directory.",
            id="plugins.W001",
        )
    ]
