"""A small file that another program may put in place at any moment: reading it holds nobody up, and its stamp tells it
from the one that was there before.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = tuple[int, ...]


def stamp_of(path: Path) -> Stamp | None:
    """What tells a file from any that takes its place; `None` where none can be found."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def read_small(path: Path, *, longest: int) -> str:
    """The file's text. Raises OSError, and ValueError for what is no file, no UTF-8, or longer than `longest` bytes."""
    # Opening a pipe would wait for who writes to it, and with it the whole server.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("no file")
        content = file.read(longest + 1)
    if len(content) > longest:
        raise ValueError("too long")
    return content.decode("utf-8")
