"""Whom we trust, and to what end.

A plugin that runs inside our processes can do whatever we can: nothing written in Python fences
it in. So inside run only those that came with the platform, and those the operator vouches for by
PLUGIN_ENABLE_SANDBOXING=false. Everybody else is refused, with the reason, as long as there is no
jail to put them in: refused, never run with less protection than was asked for.
"""

from enum import StrEnum

from django.conf import settings

REFUSAL = (
    "This plugin did not come with the platform, and the jail for such plugins is not built yet. "
    "It is refused while PLUGIN_ENABLE_SANDBOXING is true. Setting it to false lets every plugin "
    "in PLUGIN_DIRECTORY run with full access to this server."
)


class Trust(StrEnum):
    BUNDLED = "bundled"
    VOUCHED = "vouched"
    REFUSED = "refused"

    @property
    def may_run(self) -> bool:
        return self is not Trust.REFUSED


def trust_in(*, bundled: bool) -> Trust:
    """What a plugin may count on, by where it came from."""
    if bundled:
        return Trust.BUNDLED
    return Trust.REFUSED if settings.PLUGIN_ENABLE_SANDBOXING else Trust.VOUCHED
