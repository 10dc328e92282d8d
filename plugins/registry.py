"""Which plugins there are, which run, and who may switch them."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formplatform.core.errors import ConflictError, NotFoundError

from .base import FormPlugin
from .loader import FoundPlugin, find_plugins, load_class
from .manifest import Manifest
from .models import Plugin

REMEMBER_SECONDS = 2.0
"""How long another process goes on as before when a plugin was switched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivePlugin:
    """An enabled plugin, ready to be called."""

    row_id: int
    manifest: Manifest
    instance: FormPlugin

    def has_permission(self, permission: str) -> bool:
        return permission in self.manifest.permissions


_remembered: tuple[float, list[ActivePlugin]] = (0.0, [])
_lock = threading.Lock()


def active_plugins(hook: str) -> list[ActivePlugin]:
    """Enabled plugins that fill a hook, by name; remembered for REMEMBER_SECONDS."""
    global _remembered  # noqa: PLW0603 - one memory per process
    until, active = _remembered
    if until <= time.monotonic():
        with _lock:
            active = _load_active()
            _remembered = (time.monotonic() + REMEMBER_SECONDS, active)
    return [plugin for plugin in active if hook in plugin.manifest.hooks]


def forget_active() -> None:
    global _remembered  # noqa: PLW0603 - as above
    with _lock:
        _remembered = (0.0, [])


def list_plugins() -> list[tuple[Plugin, FoundPlugin | None]]:
    """Every plugin on disk or known from before, by name; None where its folder is gone."""
    found = find_plugins()
    known = {row.name for row in Plugin.objects.all()}
    Plugin.objects.bulk_create(
        [Plugin(name=name) for name in sorted(found.keys() - known)], ignore_conflicts=True
    )
    return [(row, found.get(row.name)) for row in Plugin.objects.all()]


def get_plugin(name: str) -> tuple[Plugin, FoundPlugin | None]:
    """Raises NotFoundError for a name neither on disk nor known."""
    for row, found in list_plugins():
        if row.name == name:
            return row, found
    raise NotFoundError("There is no such plugin.")


def enable_plugin(name: str) -> None:
    """Let a plugin run. Raises ConflictError, with the reason, where it cannot."""
    row, found_or_none = get_plugin(name)
    found = _present(found_or_none)
    made = load_class(found)
    _manifest(found).check_settings(row.settings)
    made(row.settings)
    Plugin.objects.filter(pk=row.pk).update(enabled=True, failures=0, last_error="")
    forget_active()


def disable_plugin(name: str) -> None:
    row, _ = get_plugin(name)
    Plugin.objects.filter(pk=row.pk).update(enabled=False)
    forget_active()


def change_settings(name: str, values: Mapping[str, Any]) -> None:
    """Raises InvalidInputError naming every value the manifest's schema does not take."""
    row, found = get_plugin(name)
    _manifest(_present(found)).check_settings(values)
    Plugin.objects.filter(pk=row.pk).update(settings=dict(values))
    forget_active()


def _load_active() -> list[ActivePlugin]:
    rows = list(Plugin.objects.filter(enabled=True))
    found = find_plugins() if rows else {}
    made = (_activate(row, found.get(row.name)) for row in rows)
    return [plugin for plugin in made if plugin is not None]


def _activate(row: Plugin, found: FoundPlugin | None) -> ActivePlugin | None:
    """None where an enabled plugin cannot run any more: its row says why."""
    try:
        instance = load_class(_present(found))(row.settings)
    except Exception as error:  # noqa: BLE001 - a plugin's own constructor may raise anything
        message = error.message if isinstance(error, ConflictError) else repr(error)
        Plugin.objects.filter(pk=row.pk).exclude(last_error=message).update(last_error=message)
        return None
    return ActivePlugin(row_id=row.pk, manifest=_manifest(_present(found)), instance=instance)


def _present(found: FoundPlugin | None) -> FoundPlugin:
    if found is None:
        raise ConflictError("The plugin's folder is gone.")
    return found


def _manifest(found: FoundPlugin) -> Manifest:
    if found.manifest is None:
        raise ConflictError(found.problem)
    return found.manifest
