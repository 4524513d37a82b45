"""The folder of one vault's index files: which one fits, which one to serve meanwhile, which ones are done with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw

from sidecar.errors import IndexUnavailableError
from sidecar.index.database import Database, connect, set_aside
from sidecar.index.schema import Fingerprint, create, fits, read_meta, write_meta

_QUICKLY_CHECKED = 256 * 1024 * 1024
"""Bytes of an index that SQLite's check reads in about a second; one of a million chunks takes it most of a minute."""


async def open_index(folder: Path, wanted: Fingerprint) -> Database:
    """Open the index made with `wanted`, new and empty where there is none.

    A file that SQLite calls damaged is renamed and kept, and a new one begun. A large one that was closed properly is
    not looked through: damage in it shows when it is read. Raises IndexUnavailableError when the folder cannot be
    written.
    """
    path = folder / wanted.file_name
    try:
        await asyncio.to_thread(_prepare, path, wanted)
    except (OSError, apsw.Error) as error:
        raise IndexUnavailableError(
            f"The index in {folder} cannot be opened: {error}.",
            hint="Is the disk full, or the folder not yours to write? `--data-dir` names another one.",
        ) from error
    return Database(path, read_only=False)


async def open_previous(folder: Path, wanted: Fingerprint) -> tuple[Database, str] | None:
    """Open the newest complete index that differs from `wanted` only in its embedding, and name that embedding.

    It answers queries while the wanted one is being built beside it. `None` when there is none.
    """
    return await asyncio.to_thread(_find_previous, folder, wanted)


def _find_previous(folder: Path, wanted: Fingerprint) -> tuple[Database, str] | None:
    candidates = [path for path in folder.glob(f"index-{wanted.structure}-*.db") if path.name != wanted.file_name]
    for path in sorted(candidates, key=lambda p: p.stat().st_mtime_ns, reverse=True):
        try:
            connection = connect(path, writable=False)
        except apsw.Error:
            continue
        try:
            complete = read_meta(connection, "complete") == "1"
            embedding_name = read_meta(connection, "embedding_name") or ""
        except apsw.Error:
            continue
        finally:
            connection.close(force=True)
        if complete:
            return Database(path, read_only=False), embedding_name
    return None


async def is_complete(database: Database) -> bool:
    """Whether the index has once dealt with every file and embedded every chunk."""
    return await database.read(lambda connection: read_meta(connection, "complete") == "1")


async def mark_complete(database: Database, *, embedding_name: str) -> None:
    """Remember that the index is whole, so that a later change of model can serve from it."""

    def mark(connection: apsw.Connection) -> None:
        write_meta(connection, "embedding_name", embedding_name)
        write_meta(connection, "complete", "1")

    await database.write(mark)


def remove_others(folder: Path, keep: Path) -> list[str]:
    """Delete every other index file in the folder, damaged ones aside; returns the names of what went."""
    gone = []
    for path in folder.glob("index-*.db"):
        if path.name == keep.name:
            continue
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        gone.append(path.name)
    return gone


def _prepare(path: Path, wanted: Fingerprint) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A program killed at the wrong moment leaves an empty file: that is a beginning, not damage.
    fresh = not path.exists() or path.stat().st_size == 0
    trusted = not fresh and path.stat().st_size > _QUICKLY_CHECKED and _closed_properly(path)
    try:
        connection = connect(path, writable=True)
        try:
            if not fresh and fits(connection, wanted) and (trusted or _sound(connection)):
                return
            if fresh:
                with connection:
                    create(connection, wanted)
                path.chmod(0o600)
                return
        finally:
            connection.close(force=True)
    except (apsw.NotADBError, apsw.CorruptError):
        if fresh:
            raise
    set_aside(path)
    _prepare(path, wanted)


def _closed_properly(path: Path) -> bool:
    """Whether the log beside the file has been written back, as the last connection does when it closes."""
    log = path.with_name(path.name + "-wal")
    return not log.exists() or log.stat().st_size == 0


def _sound(connection: apsw.Connection) -> bool:
    return bool(connection.execute("PRAGMA quick_check(1)").get == "ok")
