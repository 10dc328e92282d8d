"""Finding plugins on disk and loading those that may run."""

import importlib.util
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from formplatform.core.errors import ConflictError, InvalidInputError
from formplatform.core.version import VERSION

from .base import FormPlugin
from .manifest import FILE, Manifest, read_manifest
from .sandbox import REFUSAL, Trust, trust_in

logger = logging.getLogger(__name__)

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundPlugin:
    """A folder with a manifest. `problem` says why it cannot run; then the manifest may be None."""

    name: str
    folder: Path
    trust: Trust
    manifest: Manifest | None
    problem: str = ""


def find_plugins() -> dict[str, FoundPlugin]:
    """Every plugin on disk by name, those that cannot run too. A bundled name cannot be taken."""
    found: dict[str, FoundPlugin] = {}
    for folder, bundled in _folders():
        plugin = _look_at(folder, bundled=bundled)
        if plugin.name in found:
            logger.warning("plugin ignored: name taken", extra={"folder": str(folder)})
        else:
            found[plugin.name] = plugin
    return found


def load_class(plugin: FoundPlugin) -> type[FormPlugin]:
    """The plugin's class. Raises ConflictError, with the reason, where it cannot run."""
    if plugin.problem or plugin.manifest is None:
        raise ConflictError(plugin.problem)
    module_name, _, class_name = plugin.manifest.entry.partition(":")
    try:
        module = _import(plugin, module_name)
    except Exception as error:
        raise ConflictError(f"The plugin cannot be loaded: {error!r}.") from error
    made = getattr(module, class_name, None)
    if not (isinstance(made, type) and issubclass(made, FormPlugin)):
        raise ConflictError(f"{plugin.manifest.entry} is no FormPlugin.")
    return made


def _folders() -> Iterator[tuple[Path, bool]]:
    given: Path = settings.PLUGIN_DIRECTORY
    roots = [BUNDLED] if given.resolve() == BUNDLED.resolve() else [BUNDLED, given]
    for root in roots:
        for manifest in sorted(root.glob(f"*/{FILE}")):
            yield manifest.parent, root == BUNDLED


def _look_at(folder: Path, *, bundled: bool) -> FoundPlugin:
    trust = trust_in(bundled=bundled)
    try:
        manifest = read_manifest(folder)
    except InvalidInputError as error:
        return FoundPlugin(
            name=folder.name, folder=folder, trust=trust, manifest=None, problem=error.message
        )
    return FoundPlugin(
        name=manifest.name,
        folder=folder,
        trust=trust,
        manifest=manifest,
        problem=_problem(manifest, trust),
    )


def _problem(manifest: Manifest, trust: Trust) -> str:
    if not manifest.fits_platform:
        return f"It is made for the platform {manifest.platform}; this is {VERSION}."
    return "" if trust.may_run else REFUSAL


def _import(plugin: FoundPlugin, module_name: str) -> object:
    if plugin.trust is Trust.BUNDLED:
        return importlib.import_module(f"plugins.bundled.{plugin.name}.{module_name}")
    full_name = f"formplatform_plugin_{plugin.name}_{module_name}"
    file = plugin.folder / f"{module_name}.py"
    spec = importlib.util.spec_from_file_location(full_name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module
    spec.loader.exec_module(module)
    return module
