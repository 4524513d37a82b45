"""Whether a vault can be read now: as a folder or an archive, and whether an empty folder is a vault that is away.

What runs here: one look at a time, in a thread, however long it takes.
"""

from __future__ import annotations

import asyncio
import os
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from sidecar.errors import VaultError
from sidecar.vault.archive import is_archive
from sidecar.vault.files import check_vault

Look: TypeAlias = tuple[int | bool, ...]
"""What tells two states of a place apart, without opening anything in it."""

# How long a disk may take to answer before it counts as away.
_LOOK_SECONDS = 5.0


class VaultPresence:
    """Whether one open vault can be read, as it was last looked at."""

    def __init__(
        self,
        given: Path,
        read: Path,
        *,
        absence: VaultError | None,
        knows_notes: Callable[[], Awaitable[bool]],
        on_return: Callable[[], None],
    ) -> None:
        """`given` is what the user named, `read` the folder that is read: the same, or what an archive was unpacked
        into. `absence` is what keeps it from being read at first; an empty folder is away when `knows_notes` says so;
        `on_return` is called when it can be read again.
        """
        self.absence = absence
        """Why the vault cannot be read now; `None` when it can."""
        self.reopens = absence is not None and read != given
        """Whether it has to be opened anew when it is back, as an archive that is to be unpacked has."""
        self._given = given
        self._read = read
        self._knows_notes = knows_notes
        self._on_return = on_return
        self._looking: asyncio.Task[VaultError | None] | None = None

    async def look(self) -> None:
        """Look whether it can be read now; `absence` tells what came out. Raises IndexUnavailableError."""
        if self.reopens:
            return
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        # A file system that hangs must not be asked again and again: each question would hold up another thread.
        done, _ = await asyncio.wait({self._looking}, timeout=_LOOK_SECONDS)
        if not done:
            self.absence = VaultError(f"The vault {self._given} does not answer.", hint="Is its drive still there?")
            return
        task, self._looking = self._looking, None
        before, self.absence = self.absence, task.result()
        if before is not None and self.absence is None:
            self._on_return()

    async def aclose(self) -> None:
        """Wait for no answer any longer. Idempotent."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> VaultError | None:
        # One thread for both: this is asked every few seconds for as long as the program runs.
        error, empty = await asyncio.to_thread(lambda: (readable(self._given), is_empty(self._read)))
        if error is None and empty:
            return emptied(self._given) if await self._knows_notes() else None
        return error


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
