"""The rows of stored responses: written, read, bounded, and emptied when a note that they drew on is gone."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import apsw

from sidecar.runtime.response_file import checksum_of, is_whole, unpacked
from sidecar.runtime.withdrawn import emptied_body, emptied_events, emptied_input

Item: TypeAlias = Mapping[str, Any]
DrawnOn: TypeAlias = tuple[str, str]
"""A vault, and the path of a file in it. Whoever saves a response names the vault as it is shown; the rows have its
identity, as two vaults may bear a name one after the other.
"""

# Those before it, and those whose items it was given: what they drew on, it may repeat.
_EARLIER = """
SELECT id FROM responses WHERE id = ?
UNION SELECT response_id FROM items WHERE id IN (SELECT value FROM json_each(?))
"""

_CHAIN = """
WITH RECURSIVE chain (id, previous_id, depth) AS (
    SELECT id, previous_id, 0 FROM responses WHERE id = ?1 AND created_at >= ?2
    UNION ALL
    SELECT r.id, r.previous_id, depth + 1 FROM responses r JOIN chain ON r.id = chain.previous_id
    WHERE depth < ?3 AND r.created_at >= ?2
)
SELECT body, input, checksum FROM chain JOIN responses USING (id) ORDER BY depth DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """A response as it was answered. `input` are the items of its own request, `events` those of its stream, `notes`
    the files that its answer was made from; of what is read back, they are left out.
    """

    body: Mapping[str, Any]
    input: Sequence[Item]
    events: Sequence[Mapping[str, Any]]
    notes: frozenset[DrawnOn] = frozenset()


def write(connection: apsw.Connection, stored: StoredResponse, *, now: float) -> None:
    """Keep a response in place of one of the same id. What an earlier response drew on, this one did too; where that
    was emptied while this one was made, this one is emptied as well.
    """
    identity: str = stored.body["id"]
    given_ids = json.dumps([item["id"] for item in stored.input])
    found = _first_column(connection, _EARLIER, stored.body.get("previous_response_id"), given_ids)
    earlier = [row for row in found if row != identity]
    begun: float = stored.body.get("created_at", math.inf)
    emptied = [_emptied_at(connection, row) for row in earlier]
    connection.execute("DELETE FROM responses WHERE id = ?", (identity,))
    _insert(connection, stored, now=now)
    connection.executemany(
        "INSERT OR REPLACE INTO items (id, response_id) VALUES (?, ?)",
        [(item["id"], identity) for item in stored.body["output"]],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO drawn_on (response_id, vault, path) VALUES (?, ?, ?)",
        [(identity, vault, path) for vault, path in stored.notes],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO drawn_on (response_id, vault, path, content_hash)"
        " SELECT ?, vault, path, content_hash FROM drawn_on WHERE response_id = ?",
        [(identity, row) for row in earlier],
    )
    # The time of beginning is in whole seconds.
    if any(when is not None and when >= begun for when in emptied):
        empty(connection, identity, now=now)


def read(connection: apsw.Connection, response_id: str, *, since: float) -> StoredResponse | None:
    """A response that is whole; `None` when there is none of that id."""
    rows: list[Any] = connection.execute(
        "SELECT body, input, events, checksum FROM responses WHERE id = ? AND created_at >= ?", (response_id, since)
    ).fetchall()
    for body, given, events, checksum in rows:
        if is_whole(body, given, checksum):
            return StoredResponse(body=json.loads(body), input=json.loads(given), events=unpacked(events))
    return None


def conversation(
    connection: apsw.Connection, response_id: str, *, since: float, turns: int, items: int
) -> list[Item] | None:
    """Every item up to and with a response's output, oldest first, of at most so many turns and items before it;
    `None` when the response is not there.
    """
    rows: list[Any] = connection.execute(_CHAIN, (response_id, since, turns)).fetchall()
    found: list[list[Item]] = []
    room = items
    for body, given, checksum in reversed(rows):
        if not is_whole(body, given, checksum):
            break
        turn = [*json.loads(given), *json.loads(body)["output"]]
        room -= len(turn)
        if found and room < 0:
            break
        found.append(turn)
    return [item for turn in reversed(found) for item in turn] if found else None


def forget_beyond(connection: apsw.Connection, *, oldest: float, count: int, size: int) -> None:
    """Delete what is older, and the oldest of what is too many or too large."""
    connection.execute("DELETE FROM responses WHERE created_at < ?", (oldest,))
    connection.execute(
        "DELETE FROM responses WHERE id IN (SELECT id FROM ("
        " SELECT id, row_number() OVER newest AS place, sum(bytes) OVER newest AS total FROM responses"
        " WINDOW newest AS (ORDER BY created_at DESC, id)"
        ") WHERE place > ? OR total > ?)",
        (count, size),
    )


def drawn_on(connection: apsw.Connection, vault: str) -> dict[str, bytes | None]:
    """The files of a vault that responses drew on, each with the hash of its bytes as last seen."""
    rows: list[Any] = connection.execute(
        "SELECT path, max(content_hash) FROM drawn_on WHERE vault = ? GROUP BY path", (vault,)
    ).fetchall()
    if not all(isinstance(path, str) for path, _ in rows):
        raise apsw.CorruptError("a path is no text")
    # Without its hash, a file is followed by its path alone, until it is seen again.
    return {path: found if isinstance(found, bytes) else None for path, found in rows}


def note_seen(connection: apsw.Connection, vault: str, seen: Mapping[str, bytes], moved: Mapping[str, str]) -> None:
    """Note the hashes that files have, and where files have gone (old path to new)."""
    connection.executemany(
        "UPDATE drawn_on SET content_hash = ? WHERE vault = ? AND path = ?",
        [(content_hash, vault, path) for path, content_hash in seen.items()],
    )
    connection.executemany(
        "UPDATE OR REPLACE drawn_on SET path = ? WHERE vault = ? AND path = ?",
        [(new, vault, old) for old, new in moved.items()],
    )


def empty_all(connection: apsw.Connection, vault: str, gone: Collection[str], *, now: float) -> int:
    """Empty every response that drew on one of these files; returns how many."""
    drew = "SELECT response_id FROM drawn_on WHERE vault = ? AND path = ?"
    rows = {row for path in gone for row in _first_column(connection, drew, vault, path)}
    for row in rows:
        empty(connection, row, now=now)
    return len(rows)


def empty(connection: apsw.Connection, response_id: str, *, now: float) -> None:
    """Take the answer out of a response: what is left says that, and what was asked."""
    connection.execute("DELETE FROM drawn_on WHERE response_id = ?", (response_id,))
    stored = read(connection, response_id, since=-math.inf)
    if stored is None:
        # A damaged row cannot be taken apart, and may not stay.
        connection.execute("DELETE FROM responses WHERE id = ?", (response_id,))
        return
    left = StoredResponse(
        body=emptied_body(stored.body), input=emptied_input(stored.input), events=emptied_events(stored.events)
    )
    body, given, events = _packed(left)
    connection.execute(
        "UPDATE responses SET body = ?, input = ?, events = ?, checksum = ?, bytes = ?, emptied_at = ? WHERE id = ?",
        (body, given, events, checksum_of(body, given), len(body) + len(given) + len(events), now, response_id),
    )


def _first_column(connection: apsw.Connection, query: str, *values: str | None) -> list[str]:
    rows: list[Any] = connection.execute(query, values).fetchall()
    return [row[0] for row in rows]


def _emptied_at(connection: apsw.Connection, response_id: str) -> float | None:
    when: Any = connection.execute("SELECT emptied_at FROM responses WHERE id = ?", (response_id,)).get
    # Of a damaged time only this is known: that it was emptied.
    return when if when is None or isinstance(when, float) else math.inf


def _insert(connection: apsw.Connection, stored: StoredResponse, *, now: float) -> None:
    body, given, events = _packed(stored)
    connection.execute(
        "INSERT INTO responses (id, created_at, previous_id, body, input, events, checksum, bytes)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (
            stored.body["id"],
            now,
            stored.body.get("previous_response_id"),
            body,
            given,
            events,
            checksum_of(body, given),
            len(body) + len(given) + len(events),
        ),
    )


def _packed(stored: StoredResponse) -> tuple[bytes, bytes, bytes]:
    body, given = json.dumps(stored.body).encode("ascii"), json.dumps(list(stored.input)).encode("ascii")
    return body, given, zlib.compress(json.dumps(list(stored.events)).encode("ascii"), level=1)
