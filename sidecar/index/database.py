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

from sidecar.errors import IndexUnavailableError

T = TypeVar("T")

_READERS = 2
_BUSY_MS = 5_000
_CACHE_KIB = 8_192
# Reading through the page cache of the system halves a vector scan's processor time (measured at 100,000 × 256).
_MMAP_BYTES = 1 << 30


class Database:
    """An open SQLite file. Use `open_database`; close with `aclose`."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._local = threading.local()
        self._connections: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
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

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the file and empty it, so that deleted text leaves both."""
        await self._run(
            self._writer,
            lambda: self._connection(writable=True).wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE),
        )

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
            raise IndexUnavailableError(
                f"The disk that holds the index {self.path.name} is full.",
                hint="Make room, or choose another place with --data-dir. It goes on by itself once there is room.",
            ) from error
        except apsw.Error as error:
            raise IndexUnavailableError(
                f"The index {self.path.name} cannot be used: {error}.",
                hint="`sidecar index --rebuild` builds it anew from the notes.",
            ) from error

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
    connection.pragma("mmap_size", _MMAP_BYTES)
    if writable:
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "normal")
        connection.pragma("foreign_keys", 1)
        # Deleted text is overwritten, not only unlinked: the index must not remember what the vault forgot.
        connection.pragma("secure_delete", 1)
    return connection


def set_aside(path: Path, *, now: float | None = None) -> Path:
    """Rename a damaged file (and its companions) out of the way, keeping it for inspection; returns the new path."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.replace(aside.with_name(aside.name + suffix))
    return aside
