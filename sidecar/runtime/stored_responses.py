"""The responses that clients asked to keep: one small SQLite file in the data folder.

What runs here: one thread owns the only connection; both are made by the first use, so that a server whose clients
store nothing pays nothing. Ordering: each call is one transaction, in the order of the calls. The file is bounded by
age, count and size, the oldest go first. Text that is deleted is overwritten at once, and in the write-ahead log as
soon as no other program reads the file. Missing on purpose: any way in which a damaged file or a full disk could keep
an answer from its client.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import apsw

from sidecar.errors import IndexUnavailableError
from sidecar.index.database import STAMP, set_aside
from sidecar.runtime import response_rows
from sidecar.runtime.response_file import item_at, open_file
from sidecar.runtime.response_rows import StoredResponse

log = logging.getLogger(__name__)

T = TypeVar("T")
Item: TypeAlias = Mapping[str, Any]

FILE = "responses.db"
_RETRY_SECONDS = 1.0
_MOST_RETRY_SECONDS = 10.0
_KEPT_ASIDE = 86_400.0


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


class StoredResponses:
    """The file. `aclose` ends its thread."""

    def __init__(self, path: Path, *, limits: Limits = Limits(), clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._limits = limits
        self._clock = clock
        self._connection: apsw.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="responses")
        self._closed = False
        self._emptying: asyncio.Task[None] | None = None
        self._identities: dict[str, str] = {}
        self.on_saved: Callable[[], None] = lambda: None
        """Called when a response has been kept."""

    async def tidy(self) -> None:
        """Forget what is too old, where there is a file at all. What goes wrong is logged."""
        await self.remove_asides(old=True)
        if await asyncio.to_thread(self.path.exists):
            await self._attempt(self._forget_beyond_limits, doing="tidied")
            # A server that was killed may have left deleted text in the log.
            await self._empty_log()

    async def remove_asides(self, *, old: bool = False) -> None:
        """Delete damaged files that were set aside: what was deleted since is still in them. With `old`, only those
        that have lain about for a day.
        """
        await asyncio.to_thread(self._remove_asides, old=old)

    def identify(self, vault: str, identity: str) -> None:
        """Keep what is drawn on a vault of this name, from now on, as drawn on the one of this identity."""
        self._identities[vault] = identity

    async def save(self, stored: StoredResponse) -> bool:
        """Keep a response, in place of one of the same id; says whether it was kept. What goes wrong is logged."""
        notes = frozenset((self._identities.get(vault, vault), path) for vault, path in stored.notes)

        def run(connection: apsw.Connection) -> None:
            response_rows.write(connection, replace(stored, notes=notes), now=self._clock())
            self._forget_beyond_limits(connection)

        kept = await self._attempt(run, doing="written")
        self.on_saved()
        return kept

    async def get(self, response_id: str) -> StoredResponse | None:
        """A response by its id. Raises IndexUnavailableError."""
        return await self._run(lambda connection: response_rows.read(connection, response_id, since=self._oldest))

    async def conversation(self, response_id: str) -> list[Item] | None:
        """Every item up to and with a response's output, oldest first; `None` when the response is not there.

        Of a conversation whose beginning was deleted, is damaged or too old, or that is too long, the rest is given.
        Raises IndexUnavailableError.
        """
        limits = self._limits
        return await self._run(
            lambda connection: response_rows.conversation(
                connection, response_id, since=self._oldest, turns=limits.turns, items=limits.items
            )
        )

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
            await self._empty_log()
            await self.remove_asides()
        return gone

    async def drawn_on(self, vault: str) -> dict[str, bytes | None]:
        """The files of a vault, named by its identity, that answers were made from, each with the hash of its bytes as
        last seen; instantly none where nothing is kept. Raises IndexUnavailableError.
        """
        if self._connection is None and not await asyncio.to_thread(self.path.exists):
            return {}
        return await self._run(lambda connection: response_rows.drawn_on(connection, vault))

    async def follow(
        self, vault: str, *, seen: Mapping[str, bytes], moved: Mapping[str, str], gone: Collection[str]
    ) -> int:
        """Note what became of such files: their hashes now, where they moved (old path to new), and which are gone. The
        responses that drew on these are emptied; returns how many. Raises IndexUnavailableError.
        """

        def run(connection: apsw.Connection) -> int:
            response_rows.note_seen(connection, vault, seen, moved)
            return response_rows.empty_all(connection, vault, gone, now=self._clock())

        emptied = await self._run(run)
        if emptied:
            await self._empty_log()
            await self.remove_asides()
        return emptied

    async def aclose(self) -> None:
        """Finish what was asked for and close the file. Idempotent."""
        if not self._closed:
            self._closed = True
            if self._emptying is not None:
                self._emptying.cancel()
            await asyncio.to_thread(self._shut)

    async def _empty_log(self) -> None:
        """Have deleted text leave the log as well as the file, now or as soon as nobody reads it."""
        if self._emptying is not None:
            return
        if not await self._attempt(_checkpoint, doing="cleared of deleted text yet", transaction=False):
            self._emptying = asyncio.create_task(self._keep_emptying())

    async def _keep_emptying(self) -> None:
        pause = _RETRY_SECONDS
        while not self._closed:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _MOST_RETRY_SECONDS)
            with contextlib.suppress(IndexUnavailableError):
                await self._run(_checkpoint, transaction=False)
                break
        self._emptying = None

    def _remove_asides(self, *, old: bool) -> None:
        now = self._clock()
        oldest, newest = (time.strftime(STAMP, time.gmtime(when)) for when in (now - _KEPT_ASIDE, now))
        for aside in self.path.parent.glob(f"{self.path.name}.damaged-*"):
            stamp = aside.name.removeprefix(f"{self.path.name}.damaged-")[: len(oldest)]
            # One from the future is of a clock that was set since.
            if not old or not oldest <= stamp <= newest:
                with contextlib.suppress(OSError):
                    aside.unlink()

    def _forget_beyond_limits(self, connection: apsw.Connection) -> None:
        limits = self._limits
        response_rows.forget_beyond(connection, oldest=self._oldest, count=limits.count, size=limits.size)

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
            log.warning("the stored responses were not %s: %s", doing, error.logged)
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
        except (apsw.NotADBError, apsw.CorruptError, UnicodeDecodeError):
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


def _checkpoint(connection: apsw.Connection) -> None:
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
