"""A plugin's manifest: who it is, what it needs, what it may be told. `manifest.toml` beside it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from formplatform.core.errors import FieldError, InvalidInputError
from formplatform.core.version import VERSION

FILE = "manifest.toml"
LARGEST_BYTES = 64 * 1024
HOOKS = ("on_submit", "after_submit")
PERMISSIONS = ("responses.read",)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_ENTRY = re.compile(r"[a-z_][a-z0-9_]*:[A-Za-z_][A-Za-z0-9_]*")
_KEYS = ("name", "title", "version", "platform", "entry", "description", "hooks", "permissions")


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A valid manifest. `platform` is the range of platform versions, `entry` a module and class.

    `settings` is a JSON Schema (draft 2020-12) of the settings a person may give.
    """

    name: str
    title: str
    version: str
    platform: str
    entry: str
    hooks: tuple[str, ...]
    permissions: tuple[str, ...] = ()
    description: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fits_platform(self) -> bool:
        return Version(VERSION) in SpecifierSet(self.platform)

    def check_settings(self, values: object) -> None:
        """Raises InvalidInputError naming every wrong value."""
        validator = jsonschema.Draft202012Validator({"type": "object", **self.settings})
        errors = [
            FieldError(_place(problem), str(problem.validator), problem.message)
            for problem in validator.iter_errors(values)
        ]
        if errors:
            raise InvalidInputError("The plugin does not take these settings.", errors=errors)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a folder. Raises InvalidInputError naming everything that is wrong."""
    file = folder / FILE
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise _wrong([FieldError(FILE, "too_large", f"More than {LARGEST_BYTES} bytes.")])
        body = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong([FieldError(FILE, "unreadable", str(error))]) from error
    return manifest_of(body, folder_name=folder.name)


def manifest_of(body: Mapping[str, Any], *, folder_name: str) -> Manifest:
    plugin = body.get("plugin")
    if not isinstance(plugin, dict):
        raise _wrong([FieldError("plugin", "required", "The table [plugin] is missing.")])
    errors = [
        *_text_errors(plugin),
        *_list_errors(plugin, "hooks", HOOKS),
        *_list_errors(plugin, "permissions", PERMISSIONS),
        *(
            FieldError(key, "unknown_key", "Not a key of [plugin].")
            for key in plugin.keys() - _KEYS
        ),
        *_schema_errors(body.get("settings", {})),
    ]
    if not errors:
        errors += _meaning_errors(plugin, folder_name)
    if errors:
        raise _wrong(errors)
    return Manifest(
        name=plugin["name"],
        title=str(plugin.get("title", plugin["name"])),
        version=plugin["version"],
        platform=plugin["platform"],
        entry=plugin["entry"],
        description=plugin.get("description", ""),
        hooks=tuple(plugin["hooks"]),
        permissions=tuple(plugin.get("permissions", ())),
        settings=body.get("settings", {}),
    )


def _text_errors(plugin: Mapping[str, Any]) -> Iterator[FieldError]:
    for key in ("name", "version", "platform", "entry"):
        if not isinstance(plugin.get(key), str):
            yield FieldError(key, "required", "A text is wanted here.")
    for key in ("title", "description"):
        if not isinstance(plugin.get(key, ""), str):
            yield FieldError(key, "wrong_type", "A text is wanted here.")


def _list_errors(
    plugin: Mapping[str, Any], key: str, known: tuple[str, ...]
) -> Iterator[FieldError]:
    found = plugin.get(key, [])
    if not isinstance(found, list):
        yield FieldError(key, "wrong_type", "A list is wanted here.")
        return
    if key == "hooks" and not found:
        yield FieldError(key, "required", f"Name at least one of: {', '.join(known)}.")
    for item in found:
        if item not in known:
            yield FieldError(key, "unknown", f"{item!r}: known are {', '.join(known)}.")


def _schema_errors(schema: Any) -> list[FieldError]:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return [FieldError("settings", "wrong_schema", error.message)]
    if _refers(schema):  # a validator would go and fetch what it points to
        return [FieldError("settings", "reference", "A settings schema stands alone: no $ref.")]
    return []


def _refers(schema: Any) -> bool:
    if isinstance(schema, dict):
        own = {"$ref", "$dynamicRef", "$schema", "$id"} & schema.keys()
        return bool(own) or any(map(_refers, schema.values()))
    return isinstance(schema, list) and any(map(_refers, schema))


def _meaning_errors(plugin: Mapping[str, Any], folder_name: str) -> Iterator[FieldError]:
    if not _NAME.fullmatch(plugin["name"]) or plugin["name"] != folder_name:
        yield FieldError("name", "wrong_name", f"Lower-case, and as its folder: {folder_name}.")
    if not _ENTRY.fullmatch(plugin["entry"]):
        yield FieldError("entry", "wrong_entry", "Write module:Class.")
    try:
        Version(plugin["version"])
    except InvalidVersion:
        yield FieldError("version", "wrong_version", "Write numbers and dots: 1.2.0.")
    try:
        SpecifierSet(plugin["platform"])
    except InvalidSpecifier:
        yield FieldError("platform", "wrong_range", "Write a range: >=2.0,<3.")


def _place(problem: jsonschema.ValidationError) -> str:
    return ".".join(["settings", *map(str, problem.absolute_path)])


def _wrong(errors: list[FieldError]) -> InvalidInputError:
    reasons = "; ".join(f"{error.field}: {error.message}" for error in errors)
    return InvalidInputError(f"The manifest is wrong: {reasons}", errors=errors)
