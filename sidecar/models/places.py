"""Where model files lie: Sidecar's own folder, and those of LM Studio, Ollama and the Hugging Face libraries.

Only says where to look: a folder that is named here need not exist.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Owner: TypeAlias = Literal["sidecar", "lm_studio", "ollama", "hugging_face"]

OWNER_NAMES: Mapping[Owner, str] = {
    "sidecar": "Sidecar",
    "lm_studio": "LM Studio",
    "ollama": "Ollama",
    "hugging_face": "Hugging Face cache",
}
_MAX_SETTINGS = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One folder with models, and whose it is."""

    owner: Owner
    folder: Path


def places(*, models_folder: Path, platform: str, home: Path, environ: Mapping[str, str]) -> tuple[Place, ...]:
    """Give every folder to look into, Sidecar's own first. `platform` is `sys.platform`'s value.

    The settings files of LM Studio are read; what is broken in them counts as not set.
    """
    found: dict[Path, Owner] = {models_folder: "sidecar"}
    for folder in lm_studio_folders(platform, home, environ):
        found.setdefault(folder, "lm_studio")
    for folder in ollama_folders(platform, home, environ):
        found.setdefault(folder, "ollama")
    found.setdefault(hugging_face_cache(home, environ), "hugging_face")
    return tuple(Place(owner=owner, folder=folder) for folder, owner in found.items())


def ollama_folders(platform: str, home: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """`OLLAMA_MODELS`, the user's own folder, and on Linux those of the system service by way of installing.

    What the service's own environment names is not known to other programs. Source: ollama/envconfig/config.go.
    """
    named = environ.get("OLLAMA_MODELS", "").strip()
    folders = [Path(named)] if named else []
    folders.append(home / ".ollama" / "models")
    if platform.startswith("linux"):
        folders += [
            Path("/usr/share/ollama/.ollama/models"),
            Path("/var/lib/ollama/.ollama/models"),
            Path("/var/lib/ollama/models"),
            Path("/var/snap/ollama/common/models"),
        ]
    return tuple(folders)


def hugging_face_home(home: Path, environ: Mapping[str, str]) -> Path:
    """The folder of cache and token. Source: huggingface_hub/constants.py."""
    if named := environ.get("HF_HOME"):
        return _expanded(named, home)
    cache = environ.get("XDG_CACHE_HOME")
    return (_expanded(cache, home) if cache else home / ".cache") / "huggingface"


def hugging_face_cache(home: Path, environ: Mapping[str, str]) -> Path:
    """The folder in which each repository has one of its own."""
    named = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    return _expanded(named, home) if named else hugging_face_home(home, environ) / "hub"


def lm_studio_folders(platform: str, home: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The folder that its settings name, those of its home, and the one it had before version 0.3.

    Source: lmstudio-ai/lmstudio.js, packages/lms-common-server/src/findLMStudioHome.ts; `downloadsFolder` as seen in
    its settings files.
    """
    homes = [home / ".lmstudio", home / ".cache" / "lm-studio"]
    pointed = _pointed(home / ".lmstudio-home-pointer")
    if pointed is not None:
        homes.insert(0, pointed)
    settings = [*(each / "settings.json" for each in homes), _lm_studio_config(platform, home, environ)]
    named = [folder for file in settings if (folder := _downloads_folder(file)) is not None]
    return tuple(dict.fromkeys([*named, *(each / "models" for each in homes)]))


def _lm_studio_config(platform: str, home: Path, environ: Mapping[str, str]) -> Path:
    if platform == "win32":
        roaming = environ.get("APPDATA")
        folder = Path(roaming) if roaming else home / "AppData" / "Roaming"
    elif platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        config = environ.get("XDG_CONFIG_HOME")
        folder = Path(config) if config else home / ".config"
    return folder / "LM Studio" / "settings.json"


def _downloads_folder(file: Path) -> Path | None:
    try:
        content = json.loads(_read(file))
    except (ValueError, RecursionError):
        return None
    folder = content.get("downloadsFolder") if isinstance(content, dict) else None
    # A relative one is meant from the program's own folder, which is not known here.
    return Path(folder) if isinstance(folder, str) and _usable(folder) else None


def _pointed(file: Path) -> Path | None:
    folder = _read(file).strip()
    return Path(folder) if _usable(folder) else None


def _usable(folder: str) -> bool:
    return "\0" not in folder and Path(folder).is_absolute()


def _read(file: Path) -> str:
    """The text of a small file; empty when it cannot be read."""
    try:
        if not file.is_file() or file.stat().st_size > _MAX_SETTINGS:
            return ""
        return file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ""


def _expanded(folder: str, home: Path) -> Path:
    """A folder of the environment, in which `~` is written by people who quote it."""
    return home / folder[2:] if folder.startswith(("~/", "~\\")) else Path(folder)
