"""One configured vault for as long as the program runs: opened, waited for while it cannot be, opened anew when its
index is damaged or gone.

What runs here: one task for each vault, which looks every few seconds. Only that task opens and closes. Whoever is in
the middle of asking a vault that is being closed gets IndexUnavailableError.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Container, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from sidecar.errors import IndexDamagedError, IndexUnavailableError, SidecarError, VaultError
from sidecar.index import shelf
from sidecar.runtime.presence import look_at, readable
from sidecar.runtime.vault_status import closed_status
from sidecar.runtime.vaults import OpenVault
from sidecar.vault.settings import VaultKind

log = logging.getLogger(__name__)

OnDamaged: TypeAlias = Callable[[Path], None]
"""Told of an index file that holds something else than was written."""
OpenOne: TypeAlias = Callable[[Path, str, OnDamaged], Awaitable[OpenVault]]
"""Opens the vault at a path, under a name."""

_CHECK_SECONDS = 2.0
# A vault that is there has its watcher too: looking every two seconds was half of what an idle server cost.
_CHECK_WELL_SECONDS = 5.0
# A vault that looks as it did when it could not be opened is tried more and more rarely: unpacking half of a broken
# archive takes minutes.
_LONGEST_PAUSE = 60.0
# What damages an index twice within an hour may be chance; more often it is the disk.
_DAMAGE_WINDOW = 3600.0
_DAMAGES_AT_ONCE = 2
_DAMAGE_PAUSE = 15.0
_LONGEST_DAMAGE_PAUSE = 600.0


class VaultKeeper:
    """Keeps one vault open. `vault` is `None` whenever it is not, and `error` then says why."""

    def __init__(self, path: Path, *, name: str, folder: Path, open_one: OpenOne, kind: VaultKind | None) -> None:
        """`folder` is the one of the vault's indexes; `kind` the configured one."""
        self.path = path
        self.name = name
        self.vault: OpenVault | None = None
        self.error: SidecarError | None = None
        self.known = False
        """Whether it had been indexed before the program began."""
        self._folder = folder
        self._open_one = open_one
        self._kind = kind
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._damaged: list[Path] = []
        self._damages: list[float] = []
        self._reason: str | None = None
        # Held notes of an index that was lost, until the vault is open again.
        self._held: frozenset[str] = frozenset()
        self._closing: OpenVault | None = None
        self._seen = look_at(path)
        self._failures = 0
        self._next_try = 0.0

    @property
    def was_indexed(self) -> bool:
        """Whether there is an index of the vault, or may be: a folder that cannot be read may hold one."""
        try:
            return any(path.name.startswith("index-") for path in self._folder.iterdir())
        except FileNotFoundError:
            return False
        except OSError:
            return True

    @property
    def told(self) -> str:
        """What keeps the vault closed, what to do, and when it is tried again, in sentences."""
        error = self.refusal
        return f"{error.message} {error.hint}"

    @property
    def refusal(self) -> VaultError:
        """The error for a request that needs the vault."""
        error = self.error or SidecarError("It is being opened.")
        hints = (error.hint, self._when())
        return VaultError(
            f"The vault {self.name!r} cannot be used now. {error.message}",
            hint=" ".join(hint for hint in hints if hint),
        )

    async def open(self) -> None:
        """Try to open the vault; what keeps it from that is in `error`."""
        self._seen = await asyncio.to_thread(look_at, self.path)
        try:
            self.vault = await self._opened()
            await self._tell_rebuilding(self.vault)
            await self.vault.tell_lost(self._held)
        except SidecarError as error:
            self._keep_closed(error)
        except Exception as error:  # one vault that cannot be opened must not keep the others closed
            log.exception("%s: cannot be opened", self.name)
            self._keep_closed(SidecarError(f"Opening it failed: {type(error).__name__}."))
        else:
            self.error, self._failures, self._held = None, 0, frozenset()

    def start(self) -> None:
        """Begin to index and watch, or to wait, in the background."""
        if self.vault is not None:
            self.vault.start()
        self._task = asyncio.create_task(self._keep())

    async def aclose(self) -> None:
        """Close the vault. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        for vault in (self.vault, self._closing):
            if vault is not None:
                await vault.aclose()

    async def status(self, *, lists: Container[str] = ()) -> Mapping[str, Any]:
        """The status of the vault, as in `GET /vault/status`, also while it is not open."""
        if self.vault is not None:
            try:
                return await self.vault.status(lists=lists)
            except IndexUnavailableError as error:
                problem = f"{error.message} {error.hint or ''}".strip()
                return closed_status(self.name, self.path, kind=self._kind, problem=problem, lists=lists)
        return closed_status(self.name, self.path, kind=self._kind, problem=self.told, lists=lists)

    async def _opened(self) -> OpenVault:
        await self._put_aside()
        try:
            return await self._open_one(self.path, self.name, self._note_damage)
        except IndexDamagedError:
            if not self._damaged:
                raise
        # The damage showed while the file was being opened: it is put aside as one that shows later is.
        await self._put_aside()
        return await self._open_one(self.path, self.name, self._note_damage)

    async def _tell_rebuilding(self, vault: OpenVault) -> None:
        reason, self._reason = self._reason, None
        if reason is not None and not await vault.is_complete():
            vault.tell_rebuilding(reason)

    def _keep_closed(self, error: SidecarError, *, pause: float | None = None) -> None:
        if self.error is None or self.error.message != error.message:
            log.warning("%s: %s", self.name, error.logged)
        self.error = error
        self._failures += 1
        chosen = pause or min(_LONGEST_PAUSE, _CHECK_SECONDS * 2**self._failures)
        self._next_try = time.monotonic() + chosen

    def _when(self) -> str:
        if isinstance(self.error, VaultError):
            return f"It is looked for every {_CHECK_SECONDS:g} s, and opened as soon as it is there."
        left = self._next_try - time.monotonic()
        return f"It is tried again in {left:.0f} s." if left >= 1 else "It is being tried again."

    def _note_damage(self, path: Path) -> None:
        self._damaged.append(path)
        self._wake.set()

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_WELL_SECONDS if self._is_well() else _CHECK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._check()
            except Exception:  # the top of a background task: it must go on
                log.exception("%s: looking after the vault failed", self.name)

    def _is_well(self) -> bool:
        return self.vault is not None and self.vault.absence is None and self.vault.problem is None

    async def _check(self) -> None:
        if self.vault is None:
            if await self._is_due():
                await self.open()
                self._start_opened()
        elif self._damaged:
            await self._open_anew("The index was damaged and is being built anew from the notes.")
        elif await asyncio.to_thread(self.vault.index_is_gone):
            await self._open_anew("The index was deleted or replaced while in use, and is being built anew.")
        elif self.vault.reopens and await self._has_come_back():
            await self._open_anew(None)
        else:
            await self.vault.notice_absence()

    async def _is_due(self) -> bool:
        """Whether to try again: at once where something has changed, unless it is the index that is to blame."""
        if time.monotonic() >= self._next_try:
            return True
        return isinstance(self.error, VaultError) and await asyncio.to_thread(look_at, self.path) != self._seen

    async def _has_come_back(self) -> bool:
        return await asyncio.to_thread(lambda: look_at(self.path) != self._seen and readable(self.path) is None)

    async def _open_anew(self, reason: str | None) -> None:
        """Close the vault, whose index is lost or whose archive has come back, and open it again; or, where a disk
        fails again and again, leave it closed for a while.
        """
        assert self.vault is not None
        log.warning("%s: %s", self.name, reason or "it has come back and is opened anew")
        self.error = IndexUnavailableError(reason or "It has come back and is being opened.")
        self._reason = reason
        # The index that is lost had them; the next one will not, and nobody has said that they were deleted.
        self._held |= self.vault.vanished
        self._closing, self.vault = self.vault, None
        await self._closing.aclose()
        self._closing = None
        if self._damaged and (pause := self._damage_pause()) is not None:
            with contextlib.suppress(IndexUnavailableError):  # it is tried again when the vault is opened
                await self._put_aside()
            self._keep_closed(self._failing_disk(), pause=pause)
            return
        await self.open()
        self._start_opened()

    def _start_opened(self) -> None:
        if self.vault is not None:
            self.vault.start()

    def _damage_pause(self) -> float | None:
        """Seconds to wait before an index is built that may be damaged again; `None` for not at all."""
        now = time.monotonic()
        self._damages = [*(then for then in self._damages if now - then < _DAMAGE_WINDOW), now]
        more = len(self._damages) - _DAMAGES_AT_ONCE
        return None if more <= 0 else min(_LONGEST_DAMAGE_PAUSE, _DAMAGE_PAUSE * 2 ** (more - 1))

    def _failing_disk(self) -> IndexUnavailableError:
        return IndexUnavailableError(
            f"Its index was damaged {len(self._damages)} times within an hour.",
            hint=f"The disk that holds {self._folder} may be failing: check it, or choose another one with --data-dir.",
        )

    async def _put_aside(self) -> None:
        """Rename the files known to be damaged. Raises IndexUnavailableError; those that are left stay known."""
        while self._damaged:
            path = self._damaged[0]
            try:
                aside = await asyncio.to_thread(shelf.put_aside, path)
            except OSError as error:
                raise IndexUnavailableError(
                    f"Its damaged index cannot be put aside: {error.strerror}.",
                    hint=f"Is the folder {self._folder} yours to write?",
                ) from error
            self._damaged = [each for each in self._damaged if each != path]
            kept = f" The old file is kept as {aside.name}." if aside is not None else ""
            self._reason = f"The index was damaged and is being built anew from the notes.{kept}"
