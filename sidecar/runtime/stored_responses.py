"""The responses that clients asked to keep: one small SQLite file in the data folder.

What runs here: one thread owns the only connection; both are made by the first use, so that a server whose clients
store nothing pays nothing. Ordering: each call is one transaction, in the order of the calls. The file is bounded by
age, count and size, the oldest go first. Missing on purpose: migrations, and any way in which a damaged file or a full
disk could keep an answer from its client.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import apsw

from sidecar.errors import IndexUnavailableError
from sidecar.index.database import set_aside
from sidecar.runtime.response_file import checksum_of, item_at, open_file, unpacked

log = logging.getLogger(__name__)

T = TypeVar("T")
Item: TypeAlias = Mapping[str, Any]

FILE = "responses.db"
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
class Limits:
    """What is kept: for how many seconds, how many responses, and how many bytes of them."""

    seconds: float = 30 * 86_400.0
    count: int = 2_000
    size: int = 64 * 2**20
    turns: int = 400
    """The most earlier responses that one conversation goes back."""
    items: int = 20_000
    """The most items of a conversation: more are more than any context window holds, and take a second to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """A response as it was answered. `input` are the items of its own request, `events` those of its stream."""

    body: Mapping[str, Any]
    input: Sequence[Item]
    events: Sequence[Mapping[str, Any]]


class StoredResponses:
    """The file. `aclose` ends its thread."""

    def __init__(self, path: Path, *, limits: Limits = Limits(), clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._limits = limits
        self._clock = clock
        self._connection: apsw.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="responses")
        self._closed = False

    async def tidy(self) -> None:
        """Forget what is too old, where there is a file at all. What goes wrong is logged."""
        if await asyncio.to_thread(self.path.exists):
            await self._attempt(self._forget_beyond_limits, doing="tidied")

    async def save(self, stored: StoredResponse) -> bool:
        """Keep a response, in place of one of the same id; says whether it was kept. What goes wrong is logged."""
        return await self._attempt(lambda connection: self._save(connection, stored), doing="written")

    async def get(self, response_id: str) -> StoredResponse | None:
        """A response by its id. Raises IndexUnavailableError."""
        return await self._run(lambda connection: _read(connection, response_id, since=self._oldest))

    async def conversation(self, response_id: str) -> list[Item] | None:
        """Every item up to and with a response's output, oldest first; `None` when the response is not there.

        Of a conversation whose beginning was deleted, is damaged or too old, or that is too long, the rest is given.
        Raises IndexUnavailableError.
        """

        def run(connection: apsw.Connection) -> list[Item] | None:
            rows: list[Any] = connection.execute(_CHAIN, (response_id, self._oldest, self._limits.turns)).fetchall()
            turns: list[list[Item]] = []
            room = self._limits.items
            for body, given, checksum in reversed(rows):
                if checksum_of(body, given) != checksum:
                    break
                turn = [*json.loads(given), *json.loads(body)["output"]]
                room -= len(turn)
                if turns and room < 0:
                    break
                turns.append(turn)
            return [item for turn in reversed(turns) for item in turn] if turns else None

        return await self._run(run)

    async def items(self, item_ids: Sequence[str]) -> dict[str, Item]:
        """Output items of stored responses by their ids; those that are not there are left out.

        Raises IndexUnavailableError.
        """

        def run(connection: apsw.Connection) -> dict[str, Item]:
            found = (item_at(connection, item_id, since=self._oldest) for item_id in dict.fromkeys(item_ids))
            return {item["id"]: item for item in found if item is not None}

        return await self._run(run)

    async def delete(self, response_id: str) -> bool:
        """Forget a response; says whether it was there. Raises IndexUnavailableError."""

        def run(connection: apsw.Connection) -> bool:
            connection.execute("DELETE FROM responses WHERE id = ?", (response_id,))
            return bool(connection.changes())

        gone = await self._run(run)
        if gone:
            # Deleted text leaves the log as well as the file.
            await self._attempt(_checkpoint, doing="emptied of deleted text", transaction=False)
        return gone

    async def aclose(self) -> None:
        """Finish what was asked for and close the file. Idempotent."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._thread.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close(force=True)
            self._connection = None

    @property
    def _oldest(self) -> float:
        return self._clock() - self._limits.seconds

    async def _attempt(
        self, work: Callable[[apsw.Connection], object], *, doing: str, transaction: bool = True
    ) -> bool:
        try:
            await self._run(work, transaction=transaction)
        except IndexUnavailableError as error:
            log.warning("the stored responses were not %s: %s", doing, error.message)
            return False
        return True

    async def _run(self, work: Callable[[apsw.Connection], T], *, transaction: bool = True) -> T:
        if self._closed:
            raise IndexUnavailableError("The stored responses are closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._retried, work, transaction)
        except (apsw.Error, OSError) as error:
            # Without the path, which is nobody's business but the log's.
            reason = error.strerror if isinstance(error, OSError) else error
            raise IndexUnavailableError(
                f"The stored responses in {self.path.name} cannot be used: {reason}.",
                hint="Is the disk full, or the data folder not yours to write?",
            ) from error

    def _retried(self, work: Callable[[apsw.Connection], T], transaction: bool) -> T:  # noqa: FBT001  # run_in_executor takes no keywords
        try:
            return self._done(work, transaction=transaction)
        except (apsw.NotADBError, apsw.CorruptError):
            # What it held is lost to clients; the next response begins a new file.
            if self._connection is not None:
                self._connection.close(force=True)
                self._connection = None
            log.warning("the stored responses were damaged and are kept as %s", set_aside(self.path).name)
            return self._done(work, transaction=transaction)

    def _done(self, work: Callable[[apsw.Connection], T], *, transaction: bool) -> T:
        if self._connection is None:
            self._connection = open_file(self.path)
        if not transaction:
            return work(self._connection)
        with self._connection:
            result = work(self._connection)
        return result  # noqa: RET504  # to mypy, a `with` of apsw may swallow what is raised

    def _save(self, connection: apsw.Connection, stored: StoredResponse) -> None:
        body, given = json.dumps(stored.body).encode("ascii"), json.dumps(list(stored.input)).encode("ascii")
        events = zlib.compress(json.dumps(list(stored.events)).encode("ascii"), level=1)
        identity: str = stored.body["id"]
        connection.execute("DELETE FROM responses WHERE id = ?", (identity,))
        connection.execute(
            "INSERT INTO responses (id, created_at, previous_id, body, input, events, checksum, bytes)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (
                identity,
                self._clock(),
                stored.body.get("previous_response_id"),
                body,
                given,
                events,
                checksum_of(body, given),
                len(body) + len(given) + len(events),
            ),
        )
        connection.executemany(
            "INSERT OR REPLACE INTO items (id, response_id) VALUES (?, ?)",
            [(item["id"], identity) for item in stored.body["output"]],
        )
        self._forget_beyond_limits(connection)

    def _forget_beyond_limits(self, connection: apsw.Connection) -> None:
        connection.execute("DELETE FROM responses WHERE created_at < ?", (self._oldest,))
        connection.execute(
            "DELETE FROM responses WHERE id IN (SELECT id FROM ("
            " SELECT id, row_number() OVER newest AS place, sum(bytes) OVER newest AS total FROM responses"
            " WINDOW newest AS (ORDER BY created_at DESC, id)"
            ") WHERE place > ? OR total > ?)",
            (self._limits.count, self._limits.size),
        )


def _checkpoint(connection: apsw.Connection) -> None:
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _read(connection: apsw.Connection, response_id: str, *, since: float) -> StoredResponse | None:
    rows: list[Any] = connection.execute(
        "SELECT body, input, events, checksum FROM responses WHERE id = ? AND created_at >= ?", (response_id, since)
    ).fetchall()
    for body, given, events, checksum in rows:
        if checksum_of(body, given) == checksum:
            return StoredResponse(body=json.loads(body), input=json.loads(given), events=unpacked(events))
    return None
