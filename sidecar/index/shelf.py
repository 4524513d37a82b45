"""The folder of one vault's index files: which one fits, which one to serve meanwhile, which ones are done with."""

from __future__ import annotations

import asyncio
import calendar
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

from sidecar.errors import IndexDamagedError, IndexUnavailableError
from sidecar.index.database import STAMP, Database, connect, set_aside
from sidecar.index.schema import Fingerprint, create, fits, read_meta, write_meta
from sidecar.index.soundness import may_be_damage, says_damage

KEPT_SECONDS = 7 * 86_400
"""How long a damaged file is kept for inspection: it holds text of notes that may be deleted meanwhile."""
_QUICKLY_CHECKED = 256 * 1024 * 1024
"""Bytes of an index that SQLite's check reads in about a second; one of a million chunks takes it most of a minute."""


async def open_index(folder: Path, wanted: Fingerprint, *, on_damaged: Callable[[], None] | None = None) -> Database:
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
    return Database(path, read_only=False, on_damaged=on_damaged)


async def open_previous(
    folder: Path, wanted: Fingerprint, *, on_damaged: Callable[[], None] | None = None
) -> tuple[Database, str] | None:
    """Open the newest complete index that differs from `wanted` only in its embedding, and name that embedding.

    It answers queries while the wanted one is being built beside it. `None` when there is none.
    """
    found = await asyncio.to_thread(_find_previous, folder, wanted)
    return None if found is None else (Database(found[0], read_only=False, on_damaged=on_damaged), found[1])


def _find_previous(folder: Path, wanted: Fingerprint) -> tuple[Path, str] | None:
    candidates = [path for path in folder.glob(f"index-{wanted.structure}-*.db") if path.name != wanted.file_name]
    for path in sorted(candidates, key=lambda p: p.stat().st_mtime_ns, reverse=True):
        try:
            connection = connect(path, writable=False)
        except apsw.Error:
            continue
        try:
            complete = read_meta(connection, "complete") == "1"
            embedding_name = read_meta(connection, "embedding_name") or ""
        except (apsw.Error, IndexDamagedError, UnicodeDecodeError):
            continue
        finally:
            connection.close(force=True)
        if complete:
            return path, embedding_name
    return None


def put_aside(path: Path) -> Path | None:
    """Rename a damaged index, closed by then, and its log; returns the new path, `None` where there is no such file.

    Only the newest is kept: a machine that damages files must not fill its disk with them.
    """
    if not path.exists():
        return None
    remove_asides(path.parent)
    return set_aside(path)


def remove_asides(folder: Path, *, older_than: float = 0) -> list[str]:
    """Delete the files that were put aside, those of the last `older_than` seconds excepted; returns their names.

    One from the future is of a clock that was set since, and goes as well.
    """
    now = time.time()
    found = list(folder.glob("index-*.db.damaged-*"))
    gone = [path for path in found if not older_than or not 0 <= now - _put_aside_at(path.name) <= older_than]
    for path in gone:
        path.unlink(missing_ok=True)
    return [path.name for path in gone]


def _put_aside_at(name: str) -> float:
    stamp = name.rpartition(".damaged-")[2].partition("-wal")[0].partition("-shm")[0]
    try:
        return calendar.timegm(time.strptime(stamp, STAMP))
    except ValueError:
        return 0.0


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
    remove_asides(path.parent, older_than=KEPT_SECONDS)
    if path.exists() and path.stat().st_size and not _usable(path, wanted):
        put_aside(path)
    with closing(connect(path, writable=True)) as connection:
        if _is_beginning(connection):
            with connection:
                create(connection, wanted)
            path.chmod(0o600)


def _usable(path: Path, wanted: Fingerprint) -> bool:
    trusted = path.stat().st_size > _QUICKLY_CHECKED and _closed_properly(path)
    try:
        connection = connect(path, writable=True)
    except apsw.Error as error:
        if says_damage(error):
            return False
        raise
    try:
        return _is_beginning(connection) or (fits(connection, wanted) and (trusted or _sound(connection)))
    except Exception as error:  # as in `Database`: reading what is damaged may fail in any way
        if says_damage(error) or may_be_damage(error):
            return False
        raise
    finally:
        connection.close(force=True)


def _is_beginning(connection: apsw.Connection) -> bool:
    """Whether nothing has been written yet: a program killed at the wrong moment leaves such a file."""
    pages = int(connection.execute("PRAGMA page_count").get)
    return pages < 2 and connection.execute("SELECT count(*) FROM sqlite_master").get == 0


def _closed_properly(path: Path) -> bool:
    """Whether the log beside the file has been written back, as the last connection does when it closes."""
    log = path.with_name(path.name + "-wal")
    return not log.exists() or log.stat().st_size == 0


def _sound(connection: apsw.Connection) -> bool:
    # Not the quick one, which takes about as long: it does not see that an index no longer leads to a note.
    return bool(connection.execute("PRAGMA integrity_check(1)").get == "ok")
