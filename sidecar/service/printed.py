"""What launchd writes down of what the server prints, kept small: nobody else cuts those files.

The server's own log has all of it and is rotated; these files matter for a server that does not come up.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

MOST_BYTES = 1_000_000
_KEPT_BYTES = 200_000
_HOUR = 3600.0
_STREAMS = (1, 2)


def printed_folder(home: Path) -> Path:
    """Where launchd writes what the server prints."""
    return home / "Library" / "Logs" / "sidecar"


async def keep_small(folder: Path) -> None:
    """Look after the files in launchd's log folder that this process prints to, until cancelled. Ends at once when it
    prints elsewhere.
    """
    if sys.platform == "win32" or not any(_file_of(stream, folder) for stream in _STREAMS):
        return
    while True:
        cut_printed(folder)
        await asyncio.sleep(_HOUR)


def cut_printed(folder: Path, *, streams: Iterable[int] = _STREAMS, most: int = MOST_BYTES) -> None:
    """Leave the last 200 kB, from a whole line on, of each file in `folder` that a stream writes to and that has grown
    beyond `most` bytes.
    """
    for stream in streams:
        file = _file_of(stream, folder)
        if file is not None and file.stat().st_size > most:
            # One that cannot be cut grows on; the server goes on as well.
            with contextlib.suppress(OSError):
                _cut(stream, file, min(most, _KEPT_BYTES))


def _cut(stream: int, file: Path, kept: int) -> None:
    with file.open("rb") as opened:
        opened.seek(-kept, os.SEEK_END)
        tail = opened.read().partition(b"\n")[2]
    _append_only(stream)
    os.ftruncate(stream, 0)
    os.write(stream, tail)


def _append_only(stream: int) -> None:
    """Have a stream write at the end of its file, wherever that is: else it would go on where it was, behind a hole."""
    if sys.platform != "win32":
        # Windows has none.
        import fcntl

        fcntl.fcntl(stream, fcntl.F_SETFL, fcntl.fcntl(stream, fcntl.F_GETFL) | os.O_APPEND)


def _file_of(stream: int, folder: Path) -> Path | None:
    """The file in the folder that a stream writes to; `None` when it writes elsewhere."""
    try:
        told = os.fstat(stream)
        files = [file for file in folder.glob("sidecar.*.log") if os.path.samestat(file.stat(), told)]
    except OSError:
        return None
    return files[0] if files and stat.S_ISREG(told.st_mode) else None
