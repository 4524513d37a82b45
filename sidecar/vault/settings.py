"""Obsidian's own settings of a vault, as far as they say something about its files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SETTINGS_FOLDER = ".obsidian"
SETTINGS_FILES = tuple(f"{SETTINGS_FOLDER}/{name}" for name in ("app.json", "daily-notes.json", "templates.json"))
"""Vault-relative paths of the files that `load_obsidian_settings` reads."""
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ObsidianSettings:
    """What Obsidian's settings say about a vault's files. Folders are vault-relative, `None` when not set."""

    user_ignore_filters: tuple[str, ...] = ()
    attachment_folder: str | None = None
    daily_folder: str | None = None
    daily_format: str = "YYYY-MM-DD"
    """In the letters of moment.js."""
    templates_folder: str | None = None
    problems: tuple[str, ...] = ()
    complete: bool = True
    """Whether every settings file that exists could be read. If not, the filters read before are the ones to keep: a
    half-written file must not bring excluded notes into the index."""


def load_obsidian_settings(root: Path) -> ObsidianSettings:
    """Read the settings of the vault at `root`. What is missing or broken has its default; never raises."""
    problems: list[str] = []
    app, daily, templates = (_read_settings(root, path, problems) for path in SETTINGS_FILES)
    filters = app.get("userIgnoreFilters")
    if filters is not None and not isinstance(filters, list):
        problems.append(f"Obsidian's excluded files in {SETTINGS_FILES[0]} are not a list.")
    return ObsidianSettings(
        user_ignore_filters=tuple(f for f in filters if isinstance(f, str)) if isinstance(filters, list) else (),
        attachment_folder=_folder(app.get("attachmentFolderPath")),
        daily_folder=_folder(daily.get("folder")),
        daily_format=_text(daily.get("format")) or "YYYY-MM-DD",
        templates_folder=_folder(templates.get("folder")),
        problems=tuple(problems),
        complete=not problems,
    )


def _read_settings(root: Path, path: str, problems: list[str]) -> dict[str, object]:
    file = root / path
    try:
        if not file.exists():
            return {}
        # A FIFO of this name would block the reader for ever.
        if not file.is_file() or file.stat().st_size > _MAX_BYTES:
            raise ValueError("not a settings file")
        # RecursionError: brackets nested a hundred thousand deep.
        settings = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        problems.append(f"Obsidian's settings in {path} cannot be read.")
        return {}
    if not isinstance(settings, dict):
        problems.append(f"Obsidian's settings in {path} cannot be read.")
        return {}
    return settings


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _folder(value: object) -> str | None:
    return _text(value).strip("/") or None
