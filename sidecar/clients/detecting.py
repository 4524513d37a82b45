"""Which clients are installed here: plugins by the vaults' settings folders, programs by theirs. Only ever reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sidecar.clients.entry import Client

_SETTINGS_FOLDER = ".obsidian"
_MOST_BYTES = 1024 * 1024
_PLATFORMS = {"win32": "windows", "darwin": "macos"}


def platform_of(platform: str) -> str:
    """Which paths of an entry hold here. `platform` is `sys.platform`'s value."""
    return _PLATFORMS.get(platform, "linux")


def detect(
    clients: Iterable[Client], *, vaults: Sequence[Path], platform: str, home: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Tell where clients were found, by id; those that were not found are left out."""
    found = {}
    for client in clients:
        signs = [*_in_vaults(client, vaults), *_programs(client, platform, home, environ)]
        if signs:
            found[client.id] = ", ".join(signs)
    return found


def expanded(path: str, *, home: Path, environ: Mapping[str, str]) -> Path:
    """A path of an entry on this machine: `~` is the home folder, `%APPDATA%` Windows' folder of that name."""
    roaming = environ.get("APPDATA") or str(home / "AppData" / "Roaming")
    return Path(path.replace("%APPDATA%", roaming).replace("~", str(home), 1))


def _in_vaults(client: Client, vaults: Sequence[Path]) -> Iterable[str]:
    if client.plugin is None:
        return
    for vault in vaults:
        settings = vault / _SETTINGS_FOLDER
        manifest = _read(settings / "plugins" / client.plugin / "manifest.json")
        if isinstance(manifest, dict) and manifest.get("id") == client.plugin:
            enabled = _read(settings / "community-plugins.json")
            off = not (isinstance(enabled, list) and client.plugin in enabled)
            yield f"in {vault.name}{', switched off there' if off else ''}"


def _programs(client: Client, platform: str, home: Path, environ: Mapping[str, str]) -> Iterable[str]:
    path = environ.get("PATH")
    command = next((name for name in client.commands if shutil.which(name, path=path)), None)
    if command is not None:
        yield f"`{command}` is installed"
        return
    folders = client.folders.get(platform_of(platform), ())
    folder = next((name for name in folders if _is_folder(expanded(name, home=home, environ=environ))), None)
    if folder is not None:
        yield f"{folder} is there"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _read(path: Path) -> Any:
    """A small JSON file; `None` when it is missing, large, broken or no file at all."""
    try:
        # Opening a pipe that lies there would wait for somebody to write into it.
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
