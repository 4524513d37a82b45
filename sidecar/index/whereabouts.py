"""What became of files that something outside the index refers to by their paths."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import apsw

from sidecar.vault.files import NOT_DOWNLOADED

# SQLite's own limit is 32,766 parameters; a JSON array is one.
_AT = (
    "SELECT path, coalesce(reason, ''), status, content_hash FROM notes"
    " WHERE path IN (SELECT value FROM json_each(?)) AND part_of IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """`here` are the files that may be read, with the hash of their bytes where it is known; `moved` leads from paths
    that are gone to those where the same bytes stand; `gone` are the others, withheld ones too.
    """

    here: dict[str, bytes | None]
    moved: dict[str, str]
    gone: frozenset[str]


def whereabouts(connection: apsw.Connection, known: Mapping[str, bytes | None]) -> Whereabouts:
    """Look for files by their paths, and by the hashes that they had when they were last seen."""
    rows = {path: told for path, *told in connection.execute(_AT, (_json(known),))}
    # A file that could not be read has not gone, nor one that the cloud has taken off this disk; one that is excluded
    # has, wherever it lies.
    here = {
        path: content_hash
        for path, (reason, status, content_hash) in rows.items()
        if status != "excluded" or reason == NOT_DOWNLOADED
    }
    lost = {path: content_hash for path, content_hash in known.items() if path not in rows and content_hash}
    found = _at_hashes(connection, lost.values()) if lost else {}
    moved = {path: found[content_hash] for path, content_hash in lost.items() if content_hash in found}
    return Whereabouts(here=here, moved=moved, gone=frozenset(known.keys() - here.keys() - moved.keys()))


def _at_hashes(connection: apsw.Connection, hashes: Iterable[bytes]) -> dict[bytes, str]:
    wanted = _json({each.hex().upper(): None for each in hashes})
    rows = connection.execute(
        "SELECT content_hash, path FROM notes"
        " WHERE status = 'indexed' AND part_of IS NULL AND hex(content_hash) IN (SELECT value FROM json_each(?))",
        (wanted,),
    )
    return dict(rows)


def _json(texts: Iterable[str]) -> str:
    return json.dumps(list(texts))
