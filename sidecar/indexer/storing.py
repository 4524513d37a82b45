"""What was read is written to an index, file by file, inside one write transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import apsw

from sidecar.index import store
from sidecar.index.store import FileState, LedgerEntry, NoteEntry
from sidecar.indexer.parse_result import ParsedNote, ParseResult
from sidecar.vault.staying import StayingPlaces


def write_results(
    results: Sequence[ParseResult], moved: Mapping[str, str], connection: apsw.Connection, *, places: StayingPlaces
) -> None:
    """Store what became of files; `moved` has the paths that the rows of some of them have so far, by the new ones."""
    for result in results:
        write_result(connection, result, moved.get(result.path), places=places)


def write_result(
    connection: apsw.Connection, result: ParseResult, moved_from: str | None, *, places: StayingPlaces
) -> None:
    """Store what became of one file; `moved_from` is the path that its rows have so far. What lies in one of the
    `places` stays on this machine, whatever it says itself.
    """
    file = FileState(
        size=result.size, mtime_ns=result.mtime_ns, ctime_ns=result.ctime_ns, content_hash=result.content_hash
    )
    if result.missing:
        return
    if result.unchanged:
        store.touch_file(connection, result.path, file)
    elif result.parsed is None:
        reason = result.error or "not read"
        # A drive that lost its permissions must not empty the index.
        if result.unreadable and store.keep_unreadable(connection, result.path, reason):
            return
        store.record_file(connection, LedgerEntry(path=result.path, status="failed", reason=reason, file=file))
    elif (rule := result.parsed.note.withheld) is not None:
        store.record_file(connection, LedgerEntry(path=result.path, status="excluded", reason=rule, file=file))
    else:
        if moved_from is not None:
            store.rename_note(connection, moved_from, result.path)
        local = result.parsed.note.local or places.rule_for(result.path)
        store.replace_note(connection, _entry(result.parsed, file, local=local))


def _entry(parsed: ParsedNote, file: FileState, *, local: str | None) -> NoteEntry:
    """The note as it is stored; `local` is the rule by which its whole file stays on this machine."""
    return NoteEntry(
        note=replace(parsed.note, local=parsed.note.local or local),
        file=file,
        chunks=parsed.chunks,
        streams=parsed.streams,
        parts=[_entry(part, file, local=local) for part in parsed.parts],
    )
