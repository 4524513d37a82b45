"""The seals of rows: short digests of what is shown of a row, written with it and compared whenever it is read.

SQLite notices damage to its own structure, not to what it stores: most damaged files pass every check of it. A row
whose seal does not hold is never shown; the index is built anew from the notes. A note has two seals, as a rename
changes only the first and much is read that needs no more than the path. What only decides what is found and how high
(terms, vectors, the tables of filters) has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from sidecar.errors import IndexDamagedError

# Against chance, not against an attacker: whoever can write the index can write the notes.
_SEAL_BYTES = 8
_PLACE = ("id", "path", "part_of", "status", "reason", "problems", "local")
_TOLD = ("id", "kind", "title", "aliases", "tags", "properties", "date", "date_source", "mtime_ns", "chunks")
_WHOLE = (*_PLACE, *_TOLD[1:])
SEALED = {
    "chunks": "note_id, ordinal, heading_path, start_line, end_line, block_ids, text",
    "links": "note_id, target, heading, block, alias, style, embed, line",
    "dates": "note_id, day, line",
    "tasks": "note_id, state, text, line",
    "meta": "key, value",
}
"""What the seals of the other tables are made of, in this order."""


def seal(values: Iterable[object]) -> bytes:
    """Digest what a row says: texts, whole numbers and `None`, in a fixed order."""
    joined = "\x1f".join(map(str, values))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=_SEAL_BYTES).digest()


def check(values: Iterable[object], sealed: object) -> None:
    """Compare what a row says with its seal. Raises IndexDamagedError."""
    if seal(values) != sealed:
        raise IndexDamagedError(
            "The index holds other text than was written to it.", hint="It is built anew from the notes."
        )


def place_columns(alias: str) -> str:
    """The columns to select of `notes` for `place`."""
    return ", ".join(f"{alias}.{column}" for column in (*_PLACE, "place_seal"))


def place(row: Sequence[Any]) -> str:
    """The path of a note, given its `place_columns`. Raises IndexDamagedError."""
    check(row[: len(_PLACE)], row[len(_PLACE)])
    return str(row[1])


PLACE_COLUMNS = len(_PLACE) + 1


def note_columns(alias: str) -> str:
    """The columns to select of `notes` for `note_values`."""
    return ", ".join(f"{alias}.{column}" for column in (*_WHOLE, "place_seal", "seal"))


NOTE_COLUMNS = len(_WHOLE) + 2


def note_values(row: Sequence[Any]) -> dict[str, Any]:
    """What a note's row says by column, given its `note_columns`. Raises IndexDamagedError."""
    end = len(_WHOLE)
    check(row[: len(_PLACE)], row[end])
    check((row[0], *row[len(_PLACE) : end]), row[end + 1])
    return dict(zip(_WHOLE, row, strict=False))


def change_notes(connection: apsw.Connection, ids: Iterable[Any], change: str, parameters: Sequence[object]) -> None:
    """Update the rows of notes, `change` being the assignments; what else they say must hold. Raises IndexDamagedError.

    Sealing a row without that look would make damage of earlier look like what was written.
    """
    for note_id in ids:
        for row in connection.execute(_SELECTED, (note_id,)).fetchall():
            note_values(row)
        connection.execute(f"UPDATE notes SET {change} WHERE id = ?", (*parameters, note_id))  # noqa: S608  # constants
        seal_note(connection, note_id)


def seal_note(connection: apsw.Connection, note_id: int) -> None:
    """Seal a note's row as it has just been written."""
    for row in connection.execute(_SELECTED, (note_id,)).fetchall():
        sealed = (seal(row[: len(_PLACE)]), seal((row[0], *row[len(_PLACE) : len(_WHOLE)])))
        connection.execute("UPDATE notes SET place_seal = ?, seal = ? WHERE id = ?", (*sealed, note_id))


_SELECTED = f"SELECT {note_columns('n')} FROM notes n WHERE n.id = ?"  # noqa: S608  # constants
