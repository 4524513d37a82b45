"""A file that keeps room on the disk for deletions: on a full one, a note could otherwise not be forgotten.

Nothing can be taken out of an index without writing. The file is given up when a deletion meets a full disk, and laid
again once there is plenty of room.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAME = "room-for-deletions"
SIZE = 2 * 2**20
"""Bytes: a deletion writes the pages that it changes, some dozens of 4 KiB for each note."""
_PLENTY = 4 * SIZE


def lay_reserve(folder: Path) -> bool:
    """Keep the room, where there is plenty of it; whether it is kept."""
    path = folder / NAME
    try:
        if path.exists() and path.stat().st_size == SIZE:
            return True
        if shutil.disk_usage(folder).free < _PLENTY:
            return False
        # Random, as file systems that compress would keep no room for anything else.
        path.write_bytes(os.urandom(SIZE))
        path.chmod(0o600)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True


def give_reserve(folder: Path) -> bool:
    """Give the room up; whether there was any."""
    try:
        (folder / NAME).unlink()
    except OSError:
        return False
    return True
