"""Which file an id names, without hashing every path for each question: a sorted table of the paths' marks.

The table is read when an id is first asked for, takes sixteen bytes a file, and is read anew when an id is not in it
and the index has changed since. What it says is checked against the row itself, so that an old table never misleads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import apsw
import numpy as np
import numpy.typing as npt

from sidecar.index.listing import path_of_row, paths_and_rows
from sidecar.runtime.vector_store import path_mark

_REMEMBERED = 256
"""Ends of pages whose place is remembered, so that the next page is found even when that very file is gone by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    marks: npt.NDArray[np.uint64]
    """Ascending."""
    rows: npt.NDArray[np.int64]

    def row(self, mark: int) -> int | None:
        wanted = np.uint64(mark)
        place = int(np.searchsorted(self.marks, wanted))
        return int(self.rows[place]) if place < len(self.marks) and self.marks[place] == wanted else None


class FileIds:
    """The files of one vault by the mark of their path. Called on the index's reading threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table: _Table | None = None
        # At which state of the index each connection last saw the table read; a connection of another index is new.
        self._seen: WeakKeyDictionary[apsw.Connection, int] = WeakKeyDictionary()
        self._ends: OrderedDict[tuple[str, int], int] = OrderedDict()

    def find(self, connection: apsw.Connection, mark: int) -> tuple[str, int] | None:
        """Path and row of the file whose path has this mark; `None` when the index has none."""
        with self._lock:
            found = self._verified(connection, mark)
            if found is not None or self._is_current(connection):
                return found
            self._read(connection)
            return self._verified(connection, mark)

    def place(self, connection: apsw.Connection, mark: int) -> int | None:
        """The row of a file, also of one that a page has ended with and that is gone since. Whoever turns page after
        page does not need the table.
        """
        with self._lock:
            remembered = self._ends.get((connection.filename, mark))
        if remembered is not None:
            return remembered
        found = self.find(connection, mark)
        return None if found is None else found[1]

    def remember(self, connection: apsw.Connection, path: str, row: int) -> None:
        """Keep the place of a file that a page begins or ends with."""
        with self._lock:
            # The rows of another index are other rows.
            key = (connection.filename, path_mark(path))
            self._ends[key] = row
            self._ends.move_to_end(key)
            while len(self._ends) > _REMEMBERED:
                self._ends.popitem(last=False)

    def _verified(self, connection: apsw.Connection, mark: int) -> tuple[str, int] | None:
        row = None if self._table is None else self._table.row(mark)
        path = None if row is None else path_of_row(connection, row)
        return None if row is None or path is None or path_mark(path) != mark else (path, row)

    def _is_current(self, connection: apsw.Connection) -> bool:
        return self._table is not None and self._seen.get(connection) == _state(connection)

    def _read(self, connection: apsw.Connection) -> None:
        pairs = np.fromiter(
            ((path_mark(path), row) for path, row in paths_and_rows(connection)),
            dtype=[("mark", np.uint64), ("row", np.int64)],
        )
        order = np.argsort(pairs["mark"], kind="stable")
        self._table = _Table(marks=pairs["mark"][order], rows=pairs["row"][order])
        self._seen[connection] = _state(connection)


def _state(connection: apsw.Connection) -> int:
    """A number that changes when another connection has written; it compares on the same connection alone."""
    return int(connection.pragma("data_version"))
