"""How many notes a folder holds, counted quickly: the walk ends at a number of entries, or when its time is over."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sidecar.vault.exclusions import NODE_MODULES, NOTE_SUFFIXES

MOST_ENTRIES = 200_000
MOST_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Markdown files and their size in bytes. `whole` is false where the walk ended before the folder did."""

    notes: int
    size: int
    whole: bool = True


def count_notes(
    folder: Path,
    *,
    most: int = MOST_ENTRIES,
    seconds: float = MOST_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Count:
    """Count the Markdown files that are not hidden. Follows no link and opens nothing; never raises."""
    notes = size = 0
    end = clock() + seconds
    for number, entry in enumerate(_entries(folder)):
        if number >= most or clock() > end:
            return Count(notes=notes, size=size, whole=False)
        if entry.name.lower().endswith(NOTE_SUFFIXES):
            notes, size = notes + 1, size + _size(entry)
    return Count(notes=notes, size=size)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder that is neither hidden nor a folder."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name == NODE_MODULES:
                        continue
                    if _is_folder(entry):
                        waiting.append(entry.path)
                    # Folders count too: a tree of nothing else has to end as well.
                    yield entry
        except (OSError, ValueError):
            continue


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
