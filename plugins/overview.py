"""A plugin as people see it: the API, the admin and the command show the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .loader import FoundPlugin
from .models import Plugin

GONE = "The plugin's folder is gone."


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginOverview:
    """`problem` says why it cannot run; `trust` is bundled, vouched, refused, or "" if gone."""

    name: str
    title: str
    version: str
    description: str
    platform: str
    hooks: tuple[str, ...]
    permissions: tuple[str, ...]
    trust: str
    problem: str
    enabled: bool
    settings: Mapping[str, Any]
    settings_schema: Mapping[str, Any]
    calls: int
    last_called_at: datetime | None
    failures: int
    last_error: str
    last_error_at: datetime | None


def overview_of(row: Plugin, found: FoundPlugin | None) -> PluginOverview:
    manifest = found.manifest if found else None
    return PluginOverview(
        name=row.name,
        title=manifest.title if manifest else row.name,
        version=manifest.version if manifest else "",
        description=manifest.description if manifest else "",
        platform=manifest.platform if manifest else "",
        hooks=manifest.hooks if manifest else (),
        permissions=manifest.permissions if manifest else (),
        trust=found.trust if found else "",
        problem=found.problem if found else GONE,
        enabled=row.enabled,
        settings=row.settings,
        settings_schema=manifest.settings if manifest else {},
        calls=row.calls,
        last_called_at=row.last_called_at,
        failures=row.failures,
        last_error=row.last_error,
        last_error_at=row.last_error_at,
    )
