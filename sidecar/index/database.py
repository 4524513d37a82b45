"""One SQLite file: its connections, pragmas and threads.

What runs here: one thread owns the only connection that writes; a small pool of threads, each with a read-only
connection of its own, answers queries (apsw connections refuse to be shared between threads, and apsw releases the GIL,
so two readers do run at once). Ordering: writes run one after the other in the order of the calls, each call one
transaction. Missing on purpose: retries and migrations. The index is a cache; a file of another shape is built anew.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw
import sqlite_vec  # type: ignore[import-untyped]  # ships no annotations

from sidecar.errors import IndexDamagedError, IndexFullError, IndexUnavailableError, SidecarError
from sidecar.index.soundness import is_sound, may_be_damage, says_damage

T = TypeVar("T")

STAMP = "%Y%m%d-%H%M%S"
"""How the names of files that were set aside tell when."""
_READERS = 2
_BUSY_MS = 5_000
_CACHE_KIB = 8_192


class Database:
    """An open SQLite file; close it with `aclose`."""

    def __init__(self, path: Path, *, read_only: bool, on_damaged: Callable[[], None] | None = None) -> None:
        """`on_damaged` is called on the event loop's thread, at most once, when a read or write meets damage."""
        self.path = path
        self.read_only = read_only
        self._on_damaged = on_damaged
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        self._told_damage = False
        self._soundness: asyncio.Future[bool] | None = None
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="index-writer")
        self._readers = ThreadPoolExecutor(max_workers=_READERS, thread_name_prefix="index-reader")

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` in one transaction on the writer's thread; an exception rolls it back and is raised here."""

        def run() -> T:
            connection = self._connection(writable=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself when a statement fails, but not when the commit does.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return await self._run(self._writer, run)

    async def checkpoint(self, *, patient: bool = True) -> None:
        """Move the write-ahead log into the file and empty it, so that deleted text leaves both. One that is not
        `patient` fails at once while something reads.
        """

        def run() -> None:
            connection = self._connection(writable=True)
            connection.set_busy_timeout(_BUSY_MS if patient else 0)
            try:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            finally:
                connection.set_busy_timeout(_BUSY_MS)

        await self._run(self._writer, run)

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` on a reader's thread, in one snapshot of the file."""

        def run() -> T:
            connection = self._connection(writable=False)
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

        return await self._run(self._readers, run)

    async def aclose(self) -> None:
        """Wait for what has been asked for, then close every connection. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        # Nothing is cancelled: to whoever awaits a query, that would look like being cancelled itself.
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        # The writer last: the last connection to close writes the log back, and a read-only one cannot.
        for connection in sorted(self._connections, key=lambda c: not c.readonly("main")):
            connection.close(force=True)
        self._connections.clear()

    async def _run(self, pool: ThreadPoolExecutor, run: Callable[[], T]) -> T:
        if self._closed:
            raise IndexUnavailableError("The index is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, run)
        except apsw.FullError as error:
            raise IndexFullError(
                f"The disk that holds the index {self.path.name} is full.",
                hint="Make room, or choose another place with --data-dir. It goes on by itself once there is room.",
            ) from error
        except IndexDamagedError:
            self._tell_damage()
            raise
        except SidecarError:
            raise
        except Exception as error:  # What a damaged row leads to may be any error of whatever reads it.
            if says_damage(error) or (may_be_damage(error) and not await self._is_sound()):
                self._tell_damage()
                raise IndexDamagedError(
                    f"The index {self.path.name} is damaged: {error}.", hint="It is built anew from the notes."
                ) from error
            if isinstance(error, apsw.Error):
                raise IndexUnavailableError(
                    f"The index {self.path.name} cannot be used: {error}.",
                    hint="`sidecar index --rebuild` builds it anew from the notes.",
                ) from error
            raise

    def _tell_damage(self) -> None:
        if self._on_damaged is not None and not self._told_damage:
            self._told_damage = True
            self._on_damaged()

    async def _is_sound(self) -> bool:
        """Look through the file, once for all who ask: an error that comes again in a sound one is the program's
        mistake.
        """
        if self._soundness is None:
            if self._closed:
                return True
            self._soundness = asyncio.get_running_loop().run_in_executor(
                self._readers, lambda: is_sound(self._connection(writable=False))
            )
        return await asyncio.shield(self._soundness)

    def _connection(self, *, writable: bool) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, writable=writable and not self.read_only)
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection


def connect(path: Path, *, writable: bool) -> apsw.Connection:
    """Open one connection with sqlite-vec loaded. Raises apsw.Error."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if writable else apsw.SQLITE_OPEN_READONLY
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_BUSY_MS)
    connection.enable_load_extension(enable=True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(enable=False)
    connection.pragma("cache_size", -_CACHE_KIB)
    # Not mapped into memory, which saves 11 % of a search: reading a file that was cut, or one on a failing disk, would
    # end the process with SIGBUS.
    connection.pragma("mmap_size", 0)
    if writable:
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "normal")
        connection.pragma("foreign_keys", 1)
        # Deleted text is overwritten, not only unlinked: the index must not remember what the vault forgot.
        connection.pragma("secure_delete", 1)
    return connection


def set_aside(path: Path, *, now: float | None = None) -> Path:
    """Rename a damaged file (and its companions) out of the way, keeping it for inspection; returns the new path."""
    stamp = time.strftime(STAMP, time.gmtime(now))
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.replace(aside.with_name(aside.name + suffix))
    return aside
