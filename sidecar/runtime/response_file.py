"""The SQLite file that stored responses are in: its tables, its rights, its version."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import apsw

from sidecar.index.database import set_aside

log = logging.getLogger(__name__)

_VERSION = 1
_SCHEMA = """
CREATE TABLE responses (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    previous_id TEXT,
    bytes INTEGER NOT NULL,
    body TEXT NOT NULL,
    input TEXT NOT NULL,
    events BLOB NOT NULL
);
CREATE INDEX responses_by_age ON responses (created_at, id, bytes);
CREATE TABLE items (
    id TEXT PRIMARY KEY,
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX items_by_response ON items (response_id);
"""


def open_file(path: Path) -> apsw.Connection:
    """Open the file, made anew where there is none or one of another shape. Raises apsw.Error or OSError."""
    connection = _connected(path)
    version = connection.pragma("user_version")
    if version not in (0, _VERSION):
        connection.close(force=True)
        log.warning("the stored responses are of another version and are kept as %s", set_aside(path).name)
        connection, version = _connected(path), 0
    if version == 0:
        with connection:
            connection.execute(_SCHEMA)
            connection.pragma("user_version", _VERSION)
    return connection


def _connected(path: Path) -> apsw.Connection:
    # Made before SQLite does, for its rights: questions and answers are in it. The log beside it gets the same.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix":
        path.chmod(0o600)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(5_000)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "normal")
        connection.pragma("foreign_keys", 1)
        connection.pragma("cache_size", -1_024)
        connection.pragma("secure_delete", 1)
    except apsw.Error:
        connection.close(force=True)
        raise
    return connection
