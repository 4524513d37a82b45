"""The index as it is to whom notes that stay on this machine do not exist.

How much a word weighs is a figure of all chunks. Were those that stay among them, the scores of other notes would tell
which words stand in them: whoever asks for a word beside a common one would see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import apsw

from sidecar.index.lexical import TermCounts


class LeavingCounts(TermCounts):
    """In how many chunks terms stand, those of notes that stay left out."""

    def __init__(self, counts: TermCounts) -> None:
        super().__init__()
        self._all = counts

    def of(self, connection: apsw.Connection, terms: Mapping[str, bool], *, total: int) -> dict[str, int]:
        """As `TermCounts.of`."""
        counts = self._all.of(connection, terms, total=total)
        rows = connection.execute(
            "SELECT c.id FROM notes n CROSS JOIN chunks c ON c.note_id = n.id WHERE n.local IS NOT NULL"
        )
        staying = json.dumps([row for (row,) in rows])
        leaving = {term: _outside(connection, f'"{term}"*', staying) for term in counts if terms[term]}
        inside = {term: _inside(connection, f'"{term}"', staying) for term in counts.keys() - leaving if counts[term]}
        # A remembered count may be a little less than there are by now.
        return {term: leaving.get(term, max(0, count - inside.get(term, 0))) for term, count in counts.items()}


def staying_notes(connection: apsw.Connection) -> frozenset[int]:
    """The ids of the notes that stay on this machine."""
    return frozenset(int(row) for (row,) in connection.execute("SELECT id FROM notes WHERE local IS NOT NULL"))


def _inside(connection: apsw.Connection, match: str, chunk_ids: str) -> int:
    statement = (
        "SELECT count(*) FROM chunk_terms WHERE chunk_terms MATCH ? AND +rowid IN (SELECT value FROM json_each(?))"
    )
    return int(connection.execute(statement, (match, chunk_ids)).get or 0)


def _outside(connection: apsw.Connection, match: str, chunk_ids: str) -> int:
    statement = (
        "SELECT count(*) FROM chunk_terms WHERE chunk_terms MATCH ? AND +rowid NOT IN (SELECT value FROM json_each(?))"
    )
    return int(connection.execute(statement, (match, chunk_ids)).get or 0)
