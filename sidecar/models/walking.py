"""A walk through a folder for the files whose names end as asked: follows links, never into a loop, never for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MAX_ENTRIES = 200_000
"""Files and folders of one walk: somebody may have named the root of a disk as the folder for models."""
MAX_DEPTH = 8


def files_ending(root: Path, endings: tuple[str, ...], *, hidden: bool = False) -> Iterator[Path]:
    """Yield the files under `root`, by name within each folder. What cannot be read or is too deep is passed over.

    `endings` are in lower case; files and folders whose names begin with a dot are left out unless `hidden`.
    """
    left = MAX_ENTRIES
    seen: set[tuple[int, int]] = set()
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        folders = []
        for entry in _entries(folder, seen):
            left -= 1
            if left < 0:
                return
            if entry.name.startswith(".") and not hidden:
                continue
            if _is_folder(entry):
                folders.append((folder / entry.name, depth + 1))
            elif entry.name.lower().endswith(endings):
                yield folder / entry.name
        if depth < MAX_DEPTH:
            waiting += reversed(folders)


def _entries(folder: Path, seen: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """What lies in a folder; nothing when it cannot be read, or has been walked through under another name."""
    try:
        facts = folder.stat()
        if (facts.st_dev, facts.st_ino) in seen:
            return []
        seen.add((facts.st_dev, facts.st_ino))
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
