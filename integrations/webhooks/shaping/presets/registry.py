"""Every preset, by name."""

from .base import Preset
from .discord import Discord
from .plain import Plain
from .slack import Slack
from .teams import Teams
from .zapier import Zapier

PLAIN = Plain.name
_presets: dict[str, Preset] = {
    each.name: each for each in (Plain(), Slack(), Teams(), Discord(), Zapier())
}


def presets() -> dict[str, Preset]:
    """Name → preset."""
    return _presets
