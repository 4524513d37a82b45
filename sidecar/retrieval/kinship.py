"""How a note hangs together with others without regard to what they say: links, shared links and shared tags.

Two notes that link to the same page, that the same page links to, or that have a tag in common are akin, the more so
the fewer others share it (Adamic and Adar, "Friends and neighbors on the Web", 2003): a page that everything links to
says nothing of two notes that do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import apsw

from sidecar.index.records import notes_by_id

# What more notes than these share tells next to nothing, and would take long to read.
_MOST_SHARING = 200
# A map of everything links to thousands of notes; these many of its neighbours are looked at.
_MOST_NEIGHBOURS = 400

ThroughKind: TypeAlias = Literal["note", "name", "tag"]


class Through(NamedTuple):
    """What two notes share: a `note`, by its id, the `name` in unresolved links, a `tag`. Rare ones weigh more."""

    weight: float
    kind: ThroughKind
    key: str


@dataclass(slots=True, kw_only=True)
class Kin:
    """How another note is akin to a note."""

    links_to: bool = False
    """Whether the note links to it."""
    linked_from: bool = False
    """Whether it links to the note."""
    through: list[Through] = field(default_factory=list)

    @property
    def linked(self) -> bool:
        return self.links_to or self.linked_from

    @property
    def shared(self) -> float:
        """What all that both share weighs together."""
        return sum(through.weight for through in self.through)


def kin_of(connection: apsw.Connection, own: Sequence[int], *, without: frozenset[int] = frozenset()) -> dict[int, Kin]:
    """The notes akin to a note, by id; `own` is the note and its parts, which are not among them. Notes that are to be
    left out (`without`) are neither among them nor what two notes share.

    They may be files that are not indexed, or images.
    """
    mine = json.dumps(list(own))
    to = _ids(connection, "SELECT DISTINCT resolved FROM links WHERE note_id IN (SELECT value FROM json_each(?))", mine)
    by = _ids(connection, "SELECT DISTINCT note_id FROM links WHERE resolved IN (SELECT value FROM json_each(?))", mine)
    kin: dict[int, Kin] = {}
    for note in to:
        kin.setdefault(note, Kin()).links_to = True
    for note in by:
        kin.setdefault(note, Kin()).linked_from = True
    # A note's links to itself lead nowhere.
    near = [note for note in dict.fromkeys([*to, *by]) if note not in own and note not in without][:_MOST_NEIGHBOURS]
    for kind, key, everyone in _groups(connection, mine, near):
        sharing = everyone - without
        through = Through(1 / math.log(1 + max(2, len(sharing))), kind, key)
        for note in sharing:
            if kind != "note" or key != str(note):
                kin.setdefault(note, Kin()).through.append(through)
    for note in (*own, *without):
        kin.pop(note, None)
    return kin


def names_of(connection: apsw.Connection, through: Iterable[Through]) -> dict[str, str]:
    """What the notes among these are called, by key; a file that is not indexed goes by its name."""
    ids = [int(each.key) for each in through if each.kind == "note"]
    found = notes_by_id(connection, ids)
    return {str(row): note.title or note.path.rpartition("/")[2] for row, note in found.items()}


def _ids(connection: apsw.Connection, statement: str, *parameters: str) -> list[int]:
    return [found for (found,) in connection.execute(statement, parameters) if found is not None]


def _groups(
    connection: apsw.Connection, mine: str, neighbours: Sequence[int]
) -> Iterator[tuple[ThroughKind, str, frozenset[int]]]:
    """Notes that share something with the note: what it is, and all that share it."""
    near = json.dumps(list(neighbours))
    for statement in (_LINKING_TO, _LINKED_FROM):
        for key, notes in _grouped(connection, statement, near).items():
            yield "note", key, notes
    for key, notes in _grouped(connection, _NAMING, mine).items():
        yield "name", key, notes
    for key, notes in _grouped(connection, _TAGGED, mine).items():
        yield "tag", key, notes


def _grouped(connection: apsw.Connection, statement: str, parameter: str) -> Mapping[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for key, note in connection.execute(statement, (parameter, _MOST_SHARING)):
        found.setdefault(str(key), set()).add(note)
    return {key: frozenset(notes) for key, notes in found.items()}


# The first table is walked through, and what too many share is left before the second one is read.
_LINKING_TO = (
    "SELECT z.value, l.note_id FROM json_each(?1) z CROSS JOIN links l ON l.resolved = z.value"
    " WHERE (SELECT count(*) FROM (SELECT 1 FROM links WHERE resolved = z.value LIMIT ?2 + 1)) <= ?2"
)
_LINKED_FROM = (
    "SELECT z.value, l.resolved FROM json_each(?1) z CROSS JOIN links l ON l.note_id = z.value"
    " WHERE l.resolved IS NOT NULL"
    " AND (SELECT count(*) FROM (SELECT 1 FROM links WHERE note_id = z.value LIMIT ?2 + 1)) <= ?2"
)
_NAMING = (
    "SELECT k.target, l.note_id FROM (SELECT target_key, min(target) AS target FROM links"
    " WHERE note_id IN (SELECT value FROM json_each(?1)) AND resolved IS NULL AND target_key IS NOT NULL AND stale = 0"
    " GROUP BY target_key) k CROSS JOIN links l ON l.target_key = k.target_key AND l.resolved IS NULL"
    " WHERE (SELECT count(*) FROM (SELECT 1 FROM links WHERE target_key = k.target_key LIMIT ?2 + 1)) <= ?2"
)
_TAGGED = (
    "SELECT k.tag, t.note_id FROM (SELECT DISTINCT tag FROM note_tags"
    " WHERE note_id IN (SELECT value FROM json_each(?1))) k CROSS JOIN note_tags t ON t.tag = k.tag"
    " WHERE (SELECT count(*) FROM (SELECT 1 FROM note_tags WHERE tag = k.tag LIMIT ?2 + 1)) <= ?2"
)
