"""The places that stay on this machine, brought to an index that was made when they were others."""

from __future__ import annotations

import apsw

from sidecar.index.schema import read_meta, write_meta
from sidecar.index.seals import change_notes
from sidecar.vault.staying import LOCAL_ONLY, StayingPlaces

_PLACES = "local_only"


def follow_places(connection: apsw.Connection, places: StayingPlaces) -> None:
    """Mark the stored notes in these places, and those in no other place, as ones that stay on this machine.

    Done before an index answers: until every file has been read again, what the user has just named could go out. Marks
    that notes set themselves stay as they are. A part is where its file is.
    """
    if (read_meta(connection, _PLACES) or "") == places.digest:
        return
    rows = connection.execute(
        "SELECT n.id, coalesce(f.path, n.path), n.local FROM notes n LEFT JOIN notes f ON f.id = n.part_of"
        " WHERE n.status = 'indexed' AND (n.local IS NULL OR substr(n.local, 1, ?) = ?)",
        (len(LOCAL_ONLY), LOCAL_ONLY),
    ).fetchall()
    for note_id, path, local in rows:
        if (rule := places.rule_for(str(path))) != local:
            change_notes(connection, [note_id], "local = ?", (rule,))
    write_meta(connection, _PLACES, places.digest)
