"""Whether a vault can be read now: as a folder or an archive, and whether an empty folder is a vault that is away."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TypeAlias

from sidecar.errors import VaultError
from sidecar.vault.archive import is_archive
from sidecar.vault.files import check_vault

Look: TypeAlias = tuple[int | bool, ...]
"""What tells two states of a place apart, without opening anything in it."""


def readable(path: Path) -> VaultError | None:
    """Say why a vault cannot be read; `None` when it can, as a folder or an archive."""
    try:
        if not is_archive(path):
            check_vault(path)
        elif not zipfile.is_zipfile(path):
            return VaultError(f"The archive {path} is damaged or no zip file.", hint="Export it from Notion again.")
    except VaultError as error:
        return error
    return None


def is_empty(path: Path) -> bool:
    """Whether a folder is there with nothing in it, not even hidden files: such is a drive's place without it."""
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def emptied(path: Path) -> VaultError:
    """What to say of an empty folder in which notes were known."""
    return VaultError(f"The folder {path} is empty, and notes were found in it before.", hint="Is its drive mounted?")


def look_at(path: Path) -> Look | None:
    """What a place looks like from outside; `None` when nothing is there, or nobody may look."""
    try:
        status = path.stat()
        allowed = os.access(path, os.R_OK | os.X_OK if path.is_dir() else os.R_OK)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, allowed)
