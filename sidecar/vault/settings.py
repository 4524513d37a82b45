"""The settings that a vault's own application keeps of it, as far as they say something about its files.

Obsidian's settings and those of its plugins are JSON files in `.obsidian`. They are read whatever kind of vault it is:
who excluded a file in Obsidian wants it excluded, also where Logseq opens the same folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from sidecar.vault import logseq

SETTINGS_FOLDER = ".obsidian"
_APP = f"{SETTINGS_FOLDER}/app.json"
_CORE_PLUGINS = f"{SETTINGS_FOLDER}/core-plugins.json"
_DAILY_NOTES = f"{SETTINGS_FOLDER}/daily-notes.json"
_TEMPLATES = f"{SETTINGS_FOLDER}/templates.json"
_TYPES = f"{SETTINGS_FOLDER}/types.json"
_TEMPLATER = f"{SETTINGS_FOLDER}/plugins/templater-obsidian/data.json"
_PERIODIC_NOTES = f"{SETTINGS_FOLDER}/plugins/periodic-notes/data.json"
SETTINGS_FILES = (
    _APP, _CORE_PLUGINS, _DAILY_NOTES, _TEMPLATES, _TYPES, _TEMPLATER, _PERIODIC_NOTES, *logseq.SETTINGS_FILES
)  # fmt: skip
"""Vault-relative paths of the files that settings are read from."""
SETTINGS_FOLDERS = frozenset(
    str(folder) for path in SETTINGS_FILES for folder in PurePosixPath(path).parents if folder.name
)
"""The folders that these lie in, at any depth."""
_DECIDE_EXCLUSIONS = frozenset({_APP, _TEMPLATES, _TEMPLATER})
_MAX_BYTES = 1024 * 1024
_TOLD = (
    *("user_ignore_filters", "hidden", "daily_folder", "daily_format", "journal_titles", "file_names"),
    *("templates_folders", "property_types"),
)
_DAILY_FORMAT = "YYYY-MM-DD"

VaultKind: TypeAlias = Literal["obsidian", "logseq", "notion", "folder"]
"""The application that keeps its notes there; `folder` for none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    """What settings say about a vault's files. Folders are vault-relative, `None` when not set."""

    kind: VaultKind = "obsidian"
    user_ignore_filters: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Beginnings of paths that Logseq does not show, its own folder among them."""
    attachment_folder: str | None = None
    daily_folder: str | None = None
    daily_format: str = _DAILY_FORMAT
    """In the letters of moment.js."""
    journal_titles: str | None = None
    """Format in which Logseq writes the name of a journal page in links, in the letters of moment.js."""
    file_names: Literal["triple-lowbar", "legacy"] = "triple-lowbar"
    """How Logseq makes page titles into file names."""
    templates_folders: tuple[str, ...] = ()
    property_types: Mapping[str, str] = field(default_factory=dict)
    """Types that Obsidian's settings give to properties, by name."""
    problems: tuple[str, ...] = ()
    complete: bool = True
    """Whether every file that decides what is excluded could be read. If not, the exclusions read before are the ones
    to keep: a half-written file must not bring excluded notes into the index."""

    @property
    def told(self) -> str:
        """The settings as text, for `settings_told`."""
        return json.dumps({name: getattr(self, name) for name in _TOLD}, ensure_ascii=False, default=dict)


def settings_told(text: str | None) -> VaultSettings:
    """Read `VaultSettings.told`; the defaults when there is nothing, or nothing of this version's."""
    try:
        found: dict[str, Any] = json.loads(text or "{}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
        }
        return VaultSettings(**values)
    except (ValueError, TypeError, AttributeError):
        return VaultSettings()


def load_vault_settings(root: Path, kind: VaultKind) -> VaultSettings:
    """Read the settings of the vault at `root`. What is missing or broken has its default; never raises."""
    settings = replace(load_obsidian_settings(root), kind=kind)
    return _with_logseq(settings, logseq.load_logseq_settings(root)) if kind == "logseq" else settings


def _with_logseq(settings: VaultSettings, graph: logseq.LogseqSettings) -> VaultSettings:
    return replace(
        settings,
        hidden=(f"{logseq.SETTINGS_FOLDER}/", *graph.hidden),
        daily_folder=graph.journals_folder,
        daily_format=graph.daily_format,
        journal_titles=graph.journal_titles,
        file_names=graph.file_name_format,
        problems=(*settings.problems, *graph.problems),
        complete=settings.complete and graph.complete,
    )


def load_obsidian_settings(root: Path) -> VaultSettings:
    """Read what Obsidian and its plugins keep in `.obsidian`; never raises.

    A folder of templates counts whether its plugin is switched on or not: the setting is only there because somebody
    named the folder, and what lies in it stays full of placeholders when the plugin is switched off for another one.
    Daily notes are taken from Periodic Notes when the core plugin is off or says nothing.
    """
    reading = _Reading(root)
    app, daily = reading.table(_APP), reading.table(_DAILY_NOTES)
    own = _Daily.of(daily)
    periodic = _Daily.of(reading.table(_PERIODIC_NOTES).get("daily"))
    core_is_on = _switched_on(reading.content(_CORE_PLUGINS), "daily-notes")
    if periodic.usable and not (core_is_on and own.says):
        own = periodic
    templates = (
        _folder(reading.table(_TEMPLATES).get("folder")),
        _folder(reading.table(_TEMPLATER).get("templates_folder")),
    )
    types = reading.table(_TYPES).get("types")
    return VaultSettings(
        user_ignore_filters=reading.filters(app),
        attachment_folder=_folder(app.get("attachmentFolderPath")),
        daily_folder=own.folder,
        daily_format=own.format or _DAILY_FORMAT,
        templates_folders=tuple(dict.fromkeys(folder for folder in templates if folder)),
        property_types=_names(types),
        problems=tuple(reading.problems),
        complete=reading.complete,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Daily:
    """What one plugin says of daily notes."""

    folder: str | None
    format: str
    enabled: object

    @classmethod
    def of(cls, table: object) -> _Daily:
        table = table if isinstance(table, dict) else {}
        return cls(folder=_folder(table.get("folder")), format=_text(table.get("format")), enabled=table.get("enabled"))

    @property
    def says(self) -> bool:
        return bool(self.folder or self.format)

    @property
    def usable(self) -> bool:
        """Whether the plugin makes daily notes: Periodic Notes keeps settings of what it does not make as well."""
        return self.enabled is True or (self.says and self.enabled is not False)


class _Reading:
    """One reading of the settings, with what went wrong in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.problems: list[str] = []
        self.complete = True

    def table(self, path: str) -> dict[str, object]:
        """The JSON object in a settings file, empty when there is none."""
        content = self.content(path)
        if content is None or isinstance(content, dict):
            return content or {}
        self._problem(f"Obsidian's settings in {path} cannot be read.", path)
        return {}

    def content(self, path: str) -> object:
        """The JSON in a settings file, `None` when there is no such file or it cannot be read."""
        file = self._root / path
        try:
            if not file.exists():
                return None
            # A FIFO of this name would block the reader for ever.
            if not file.is_file() or file.stat().st_size > _MAX_BYTES:
                raise ValueError("not a settings file")
            content: object = json.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            # RecursionError: brackets nested a hundred thousand deep.
            self._problem(f"Obsidian's settings in {path} cannot be read.", path)
            return None
        return content

    def filters(self, app: dict[str, object]) -> tuple[str, ...]:
        """Obsidian's excluded files; `null` stands for none."""
        found = app.get("userIgnoreFilters")
        if found is None or isinstance(found, list):
            return tuple(text for text in found or () if isinstance(text, str))
        self._problem(f"Obsidian's excluded files in {_APP} are not a list.", _APP)
        return ()

    def _problem(self, message: str, path: str) -> None:
        self.problems.append(message)
        self.complete &= path not in _DECIDE_EXCLUSIONS


def _switched_on(core_plugins: object, name: str) -> bool:
    """Whether a core plugin is on. Obsidian writes an object of switches, before version 1.0 a list of what was on.

    A vault without that file has never had a core plugin switched: this one is on from the start.
    """
    if isinstance(core_plugins, list):
        return name in core_plugins
    return not isinstance(core_plugins, dict) or core_plugins.get(name) is not False


def _names(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {name: kind for name, kind in pairs if isinstance(kind, str)}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _folder(value: object) -> str | None:
    return _text(value).strip("/") or None
