"""Whether an index holds what was written to it: the errors that say so, and a look through all of it.

SQLite tells of damage in many ways: as such, as a file that is too short, as a constraint that its own rows break, as
text that is none. Errors that a mistake in the program could bring as well count as damage only when the look finds
some. The look reads everything: about a second for 100 MB.
"""

from __future__ import annotations

import apsw

from sidecar.errors import IndexDamagedError
from sidecar.index.codes import DIMENSIONS
from sidecar.index.schema import read_meta
from sidecar.index.seals import SEALED, check, note_columns, note_values

# EIO as well: a disk that no longer gives its bytes back holds no index.
_UNREADABLE = frozenset(
    {apsw.SQLITE_IOERR_SHORT_READ, apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_CORRUPTFS, apsw.SQLITE_IOERR_DATA}
)
_CIRCUMSTANCE = (
    apsw.FullError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.PermissionsError,
    apsw.InterruptError,
    apsw.NoMemError,
    apsw.IOError,
    MemoryError,
    OSError,
)


def says_damage(error: BaseException) -> bool:
    """Whether an error can mean nothing but that the file is damaged."""
    if isinstance(error, apsw.IOError):
        return getattr(error, "extendedresult", None) in _UNREADABLE
    return isinstance(error, apsw.CorruptError | apsw.NotADBError | UnicodeDecodeError)


def may_be_damage(error: BaseException) -> bool:
    """Whether an error leaves it open: what the machine does, a full disk or a lock, a sound file meets as well."""
    return isinstance(error, Exception) and not isinstance(error, _CIRCUMSTANCE)


def is_sound(connection: apsw.Connection) -> bool:
    """Look through the whole file: SQLite's own checks, every seal, vectors of one length, the totals."""
    try:
        return (
            connection.execute("PRAGMA integrity_check(1)").get == "ok"
            and connection.execute("PRAGMA foreign_key_check").get is None
            and _adds_up(connection)
            and _all_sealed(connection)
        )
    except IndexDamagedError:
        return False
    except Exception as error:  # as in `Database`: reading what is damaged may fail in any way
        return not (says_damage(error) or may_be_damage(error))


def _all_sealed(connection: apsw.Connection) -> bool:
    for row in connection.execute(f"SELECT {note_columns('n')} FROM notes n"):  # noqa: S608  # constants
        note_values(row)
    for table, columns in SEALED.items():
        for *values, sealed in connection.execute(f"SELECT {columns}, seal FROM {table}"):  # noqa: S608  # constants
            check(values, sealed)
    return True


def _adds_up(connection: apsw.Connection) -> bool:
    length = int(read_meta(connection, DIMENSIONS) or 0)
    other = connection.execute("SELECT EXISTS (SELECT 1 FROM vectors WHERE length(embedding) <> ?)", (4 * length,)).get
    return not other and all(_same(connection, one, another) for one, another in _SAME)


def _same(connection: apsw.Connection, one: str, another: str) -> bool:
    return connection.execute(one).fetchall() == connection.execute(another).fetchall()


_SAME = (
    (
        "SELECT language, count(*), sum(length) FROM chunks GROUP BY language ORDER BY language",
        "SELECT language, chunks, length FROM totals WHERE chunks <> 0 ORDER BY language",
    ),
    (
        "SELECT note_id, count(*) FROM chunks GROUP BY note_id ORDER BY note_id",
        "SELECT id, chunks FROM notes WHERE chunks <> 0 ORDER BY id",
    ),
    ("SELECT id FROM chunks ORDER BY id", "SELECT id FROM chunk_terms_content ORDER BY id"),
)
