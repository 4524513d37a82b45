"""The SQLite file that stored responses are in: its tables, its rights, its version, what damage is told by."""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apsw

from sidecar.index.database import set_aside

log = logging.getLogger(__name__)

_VERSION = 3
_SCHEMA = """
CREATE TABLE responses (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    previous_id TEXT,
    bytes INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL,
    input BLOB NOT NULL,
    events BLOB NOT NULL,
    emptied_at REAL
);
CREATE INDEX responses_by_age ON responses (created_at, id, bytes);
CREATE TABLE items (
    id TEXT PRIMARY KEY,
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX items_by_response ON items (response_id);
"""
_FOLLOWED = """
CREATE TABLE drawn_on (
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    vault TEXT NOT NULL,
    path TEXT NOT NULL,
    content_hash BLOB,
    PRIMARY KEY (response_id, vault, path)
) WITHOUT ROWID;
CREATE INDEX drawn_on_by_path ON drawn_on (vault, path);
"""
# Unlike an index, stored responses cannot be made anew: those of version 2 are kept. What notes they drew on was not
# written down, so they, and what they hand on to later ones, cannot be followed; they go when they are 30 days old.
_FROM_2 = "ALTER TABLE responses ADD COLUMN emptied_at REAL;"


def open_file(path: Path) -> apsw.Connection:
    """Open the file, new where there is none. One of version 2 is brought up to date, another one gives way to a new.

    Raises apsw.Error or OSError.
    """
    connection = _connected(path)
    try:
        if (version := connection.pragma("user_version")) not in (0, 2, _VERSION):
            connection.close(force=True)
            _clear(path, version=version)
            connection, version = _connected(path), 0
        if version != _VERSION:
            with connection:
                connection.execute(_SCHEMA + _FOLLOWED if version == 0 else _FROM_2 + _FOLLOWED)
                connection.pragma("user_version", _VERSION)
    except apsw.Error:
        connection.close(force=True)
        raise
    return connection


def _clear(path: Path, *, version: int) -> None:
    """Take a file of another version out of the way."""
    if version > _VERSION:
        log.warning("the stored responses are of a later version and are kept as %s", set_aside(path).name)
        return
    log.warning("the stored responses are of an old version and are deleted")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connected(path: Path) -> apsw.Connection:
    # Made before SQLite does, for its rights: questions and answers are in it. The log beside it gets the same.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix":
        path.chmod(0o600)
    connection = apsw.Connection(str(path))
    try:
        # Only a backup may hold the file, and one answer after the other would wait for its end.
        connection.set_busy_timeout(200)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "normal")
        connection.pragma("foreign_keys", 1)
        connection.pragma("cache_size", -1_024)
        connection.pragma("secure_delete", 1)
    except apsw.Error:
        connection.close(force=True)
        raise
    return connection


def checksum_of(body: bytes, given: bytes) -> int:
    """The checksum of a row: SQLite does not notice when a byte within a value has changed on the disk."""
    return zlib.crc32(given, zlib.crc32(body))


def is_whole(body: object, given: object, checksum: object) -> bool:
    """Whether a row is as it was written. A changed byte may also make a value one of another type."""
    return isinstance(body, bytes) and isinstance(given, bytes) and checksum_of(body, given) == checksum


def unpacked(packed: object) -> list[Mapping[str, Any]]:
    """The events of a stream; none when they are damaged, which their own checksum tells."""
    if not isinstance(packed, bytes):
        return []
    try:
        events: list[Mapping[str, Any]] = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError):
        return []
    return events


def item_at(connection: apsw.Connection, item_id: str, *, since: float) -> Mapping[str, Any] | None:
    """An output item of a stored response that is whole; `None` when there is none of that id."""
    rows: list[Any] = connection.execute(
        "SELECT body, input, checksum FROM items JOIN responses ON responses.id = response_id"
        " WHERE items.id = ? AND created_at >= ?",
        (item_id, since),
    ).fetchall()
    sound = (body for body, given, checksum in rows if is_whole(body, given, checksum))
    output = (item for body in sound for item in json.loads(body)["output"])
    found: Mapping[str, Any] | None = next((item for item in output if item["id"] == item_id), None)
    return found
