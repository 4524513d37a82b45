"""The graph of a vault: where each link leads, kept true while files come, go and move, and what can be asked of it.

A link's resolution depends on nothing but the files of its key (`links.target_key`; shown by a property test), on where
its own note lies and, in Logseq, on where a block is. Triggers write the keys that changed in the same transaction as
the change; `relink` works them off later. A program killed between the two finds them at its next start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import apsw

from sidecar.index.schema import read_meta, write_meta
from sidecar.index.seals import PLACE_COLUMNS, check, place, place_columns
from sidecar.notes.links import LinkResolver, block_key, fold_path, target_key
from sidecar.notes.rules import Flavour

_READ_AS = "links_read_as"
# In one chunk: a line may be as long as a file.
_MOST_EMBEDS = 1_000
# Logseq names a block by such an id alone, wherever it stands; ids in Obsidian are those of one note.
_EVERYWHERE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """A link as written in the note at `source`, and the path of the file that it leads to."""

    source: str
    target: str
    heading: str | None
    block: str | None
    alias: str | None
    style: Literal["wikilink", "markdown"]
    embed: bool
    line: int
    path: str | None
    """`None` when it leads nowhere. It may be a file that is excluded: then nothing but its name may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """What links name and no file has, as first written, and the paths of the notes that name it."""

    target: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    """Links by what became of them; `stale` ones are still to be resolved and counted in neither of the others."""

    resolved: int
    unresolved: int
    stale: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stale:
    """A link to be resolved. `file_id` is the file that its note is, or is a part of, and `source` that file's path."""

    id: int
    note_id: int
    file_id: int
    source: str
    target: str
    block: str | None
    style: Literal["wikilink", "markdown"]

    @property
    def key(self) -> str | None:
        if self.target.strip():
            return target_key(self.target, source=self.source)
        return None if self.block is None or not _EVERYWHERE.fullmatch(self.block) else "^" + block_key(self.block)


def relink(connection: apsw.Connection, *, flavour: Flavour = "obsidian", most: int = 2_000) -> int:
    """Find out where links lead that are new or whose answer may have changed, `most` of them in one go.

    Returns how many were looked at; call it again, each time in a write transaction of its own, until that is 0.
    `flavour` is the application whose rules hold; another one than before makes every link stale.
    """
    if links_read_as(connection) != flavour:
        write_meta(connection, _READ_AS, flavour)
        connection.execute("UPDATE links SET stale = 1 WHERE stale = 0")
    connection.execute("UPDATE links SET stale = 1 WHERE stale = 0 AND target_key IN (SELECT key FROM relink)")
    connection.execute("DELETE FROM relink")
    stale = _stale(connection, most)
    resolved = _resolve(connection, stale, flavour)
    connection.executemany(
        "UPDATE links SET target_key = ?, resolved = ?, stale = 0 WHERE id = ?",
        [(link.key, resolved.get(link.id), link.id) for link in stale],
    )
    return len(stale)


def links_read_as(connection: apsw.Connection) -> str | None:
    """The application by whose rules the links were resolved; `None` before they were."""
    return read_meta(connection, _READ_AS)


def outgoing(connection: apsw.Connection, path: str) -> list[StoredLink]:
    """The links of a note, in order of their place."""
    return _links(connection, "n.path = ?", (path,), order="l.line, l.id")


def backlinks(connection: apsw.Connection, path: str) -> list[StoredLink]:
    """The links that lead to a file from other notes, by the path of their note and their place in it."""
    return _links(connection, "t.path = ? AND coalesce(n.part_of, n.id) <> t.id", (path,), order="n.path, l.line, l.id")


def notes_with_embeds(connection: apsw.Connection, note_ids: Iterable[int]) -> set[int]:
    """Which of these notes embed anything."""
    rows = connection.execute(
        "SELECT DISTINCT l.note_id FROM json_each(?) j CROSS JOIN links l ON l.note_id = j.value WHERE l.embed = 1",
        (json.dumps(sorted(note_ids)),),
    )
    return {note_id for (note_id,) in rows}


def embeds_between(connection: apsw.Connection, note_id: int, start_line: int, end_line: int) -> list[StoredLink]:
    """The embeds of other indexed notes that begin in these lines of a note, both included, in order of their place."""
    return _links(
        connection,
        "l.note_id = ? AND l.line BETWEEN ? AND ? AND l.embed = 1 AND t.status = 'indexed'"
        " AND t.id <> coalesce(n.part_of, n.id)",
        (note_id, start_line, end_line),
        order=f"l.line, l.id LIMIT {_MOST_EMBEDS}",
    )


def unresolved(connection: apsw.Connection) -> list[Unresolved]:
    """What links name and no file has, what most notes name first."""
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for link in _links(connection, "l.resolved IS NULL AND l.stale = 0", (), order="n.path, l.line, l.id"):
        target = link.target or f"#^{link.block}"
        found.setdefault(fold_path(target), (target, {}))[1][link.source] = None
    targets = [Unresolved(target=target, sources=tuple(sources)) for target, sources in found.values()]
    return sorted(targets, key=lambda each: (-len(each.sources), each.target))


def neighbours(connection: apsw.Connection, note_ids: Iterable[int]) -> dict[int, set[int]]:
    """For each of these notes the ids of the indexed notes that it links to or that link to it, itself left out."""
    wanted = json.dumps(sorted(set(note_ids)))
    pairs = connection.execute(
        "SELECT l.note_id, l.resolved FROM links l WHERE l.note_id IN (SELECT value FROM json_each(?1))"
        " AND (SELECT status FROM notes WHERE id = l.resolved) = 'indexed'"
        " UNION SELECT l.resolved, l.note_id FROM links l WHERE l.resolved IN (SELECT value FROM json_each(?1))",
        (wanted,),
    )
    found: dict[int, set[int]] = {note_id: set() for note_id in json.loads(wanted)}
    for one, other in pairs:
        if one != other:
            found[one].add(other)
    return found


def link_counts(connection: apsw.Connection) -> LinkCounts:
    resolved, missing, stale = next(
        connection.execute(
            "SELECT coalesce(sum(stale = 0 AND resolved IS NOT NULL), 0),"
            " coalesce(sum(stale = 0 AND resolved IS NULL), 0), coalesce(sum(stale), 0) FROM links"
        )
    )
    return LinkCounts(resolved=resolved, unresolved=missing, stale=stale)


def _links(connection: apsw.Connection, where: str, parameters: Sequence[object], *, order: str) -> list[StoredLink]:
    rows = connection.execute(
        "SELECT l.note_id, l.target, l.heading, l.block, l.alias, l.style, l.embed, l.line, l.seal,"  # noqa: S608  # constants
        f" {place_columns('n')}, {place_columns('t')}"
        " FROM links l JOIN notes n ON n.id = l.note_id LEFT JOIN notes t ON t.id = l.resolved"
        f" WHERE {where} ORDER BY {order}",
        tuple(parameters),
    )
    return [_link(row) for row in rows]


def _link(row: tuple[Any, ...]) -> StoredLink:
    told, sealed, source, led_to = row[:8], row[8], row[9 : 9 + PLACE_COLUMNS], row[9 + PLACE_COLUMNS :]
    check(told, sealed)
    _, target, heading, block, alias, style, embed, line = told
    return StoredLink(
        source=place(source),
        target=target,
        heading=heading,
        block=block,
        alias=alias,
        style=style,
        embed=bool(embed),
        line=line,
        path=None if led_to[0] is None else place(led_to),
    )


def _stale(connection: apsw.Connection, most: int) -> list[_Stale]:
    # In the order of their keys: links of one key need the same files.
    rows = connection.execute(
        "SELECT l.id, n.id, coalesce(f.id, n.id), coalesce(f.path, n.path), l.target, l.block, l.style"
        " FROM (SELECT * FROM links WHERE stale = 1 ORDER BY target_key, id LIMIT ?) l"
        " JOIN notes n ON n.id = l.note_id LEFT JOIN notes f ON f.id = n.part_of",
        (most,),
    )
    return [
        _Stale(id=id_, note_id=note_id, file_id=file_id, source=source, target=target, block=block, style=style)
        for id_, note_id, file_id, source, target, block, style in rows
    ]


def _resolve(connection: apsw.Connection, stale: Sequence[_Stale], flavour: Flavour) -> dict[int, int | None]:
    """Ids of the files that the links lead to, by link."""
    keys = {link.key for link in stale if link.target.strip()}
    files = _candidates(connection, keys)
    ids = {path: note_id for path, note_id, _, _ in files}
    resolver = LinkResolver(
        ids,
        titles={path: title for path, _, title, _ in files if title},
        aliases={path: json.loads(aliases) for path, _, _, aliases in files},
        flavour=flavour,
    )
    found: dict[int, int | None] = {}
    for link in stale:
        if link.target.strip():
            path = resolver.resolve(link.target, source=link.source, style=link.style)
            found[link.id] = None if path is None else ids[path]
        else:
            found[link.id] = link.file_id if link.key is None else _block_place(connection, link)
    return found


def _candidates(connection: apsw.Connection, keys: set[str | None]) -> list[tuple[str, int, str, str]]:
    """Path, id, title and aliases of the files that have one of these keys; no title of what is no Markdown."""
    rows = connection.execute(
        "SELECT path, id, iif(kind = 'markdown', title, ''), iif(kind = 'markdown', aliases, '[]') FROM notes"
        " WHERE id IN (SELECT note_id FROM file_keys WHERE key IN (SELECT value FROM json_each(?)))",
        (json.dumps(sorted(key for key in keys if key is not None)),),
    )
    return list(rows)


def _block_place(connection: apsw.Connection, link: _Stale) -> int | None:
    """The file of a block that is named by its id alone: the link's own note, or else the first by path."""
    found: int | None = connection.execute(
        "SELECT coalesce(n.part_of, n.id) FROM block_ids b JOIN notes n ON n.id = b.note_id WHERE b.block_id = ?"
        " ORDER BY b.note_id <> ?, n.path LIMIT 1",
        (block_key(link.block or ""), link.note_id),
    ).get
    return found
