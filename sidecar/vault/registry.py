"""Obsidian's own list of the vaults on this machine, which it keeps in `obsidian.json`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVault:
    """A vault that Obsidian knows. `open` says that it was open when Obsidian last wrote its list."""

    name: str
    path: Path
    id: str
    open: bool
    last_opened: dt.datetime | None


def obsidian_config_path(*, platform: str, home: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Give the folders in which Obsidian may keep its list, the likeliest first. `platform` is `sys.platform`'s value.

    On Linux each way to install Obsidian (package, Flatpak, Snap) has a folder of its own.
    """
    if platform == "win32":
        roaming = environ.get("APPDATA")
        return ((Path(roaming) if roaming else home / "AppData" / "Roaming") / "obsidian",)
    if platform == "darwin":
        return (home / "Library" / "Application Support" / "obsidian",)
    config = environ.get("XDG_CONFIG_HOME")
    return (
        (Path(config) if config else home / ".config") / "obsidian",
        home / ".var" / "app" / "md.obsidian.Obsidian" / "config" / "obsidian",
        home / "snap" / "obsidian" / "current" / ".config" / "obsidian",
    )


def registered_vaults(paths: Iterable[Path]) -> tuple[RegisteredVault, ...]:
    """Read the lists in these folders: vaults that still exist, each once, most recently used first.

    A list that is missing or broken counts as empty.
    """
    found: dict[Path, RegisteredVault] = {}
    for path in paths:
        for vault in _read_list(path / "obsidian.json"):
            known = found.get(vault.path)
            if known is None or _recency(vault) > _recency(known):
                found[vault.path] = vault
    return tuple(sorted(found.values(), key=_recency, reverse=True))


def vanished_vaults(paths: Iterable[Path]) -> tuple[str, ...]:
    """Read the same lists: paths of vaults that are not there now, such as those on a drive that is not mounted."""
    found = dict.fromkeys(
        entry["path"]
        for path in paths
        for key, entry in _entries(path / "obsidian.json")
        if isinstance(entry, dict) and isinstance(entry.get("path"), str) and Path(entry["path"]).is_absolute()
        if _vault(key, entry) is None
    )
    return tuple(found)


def _recency(vault: RegisteredVault) -> tuple[float, bool]:
    return (vault.last_opened.timestamp() if vault.last_opened else 0.0, vault.open)


def _read_list(file: Path) -> Iterator[RegisteredVault]:
    for key, entry in _entries(file):
        vault = _vault(key, entry)
        if vault is not None:
            yield vault


def _entries(file: Path) -> Iterator[tuple[str, object]]:
    try:
        if not file.is_file() or file.stat().st_size > _MAX_BYTES:
            return
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return
    vaults = content.get("vaults") if isinstance(content, dict) else None
    yield from vaults.items() if isinstance(vaults, dict) else ()


def _vault(key: str, entry: object) -> RegisteredVault | None:
    path = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(path, str) or not path:
        return None
    try:
        folder = Path(path).resolve(strict=True)
        if not Path(path).is_absolute() or not folder.is_dir():
            return None
    except (OSError, ValueError, RuntimeError):
        return None
    return RegisteredVault(
        name=folder.name, path=folder, id=key, open=entry.get("open") is True, last_opened=_time(entry.get("ts"))
    )


def _time(milliseconds: object) -> dt.datetime | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC)
    except (OverflowError, OSError, ValueError):
        return None
