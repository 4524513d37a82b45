"""The writing end of an indexer: every index of a vault is written alike, and text that was replaced leaves all of
their files, logs included.

Called by whoever has the indexer's turn, one call at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import apsw

from sidecar.errors import IndexFullError, IndexUnavailableError
from sidecar.index import records, store
from sidecar.index.database import Database
from sidecar.index.graph import relink
from sidecar.index.reserve import give_reserve, lay_reserve
from sidecar.index.schema import read_meta, write_meta
from sidecar.index.store import LedgerEntry
from sidecar.indexer.comparing import disputed
from sidecar.notes.rules import Flavour

log = logging.getLogger(__name__)

_READ_AS = "read_as"


class IndexWriter:
    """Writes to the indexes of one vault, and reads back what was written."""

    def __init__(
        self, targets: Callable[[], Sequence[Database]], *, on_forgotten: Callable[[], Awaitable[None]]
    ) -> None:
        """`on_forgotten` runs when text that notes no longer have has left the files of all `targets`."""
        self.remembering = asyncio.Event()
        """Set while deleted text is in an index's log, for something reads it."""
        self._targets = targets
        self._on_forgotten = on_forgotten
        self._forgets = False
        # True at first: a run that was killed may have left deleted text in the log.
        self._written = True

    async def write(self, work: Callable[[apsw.Connection], None], *, forgets: bool = False) -> None:
        """Write to every index. What `forgets` text is done on a full disk too, as long as room is kept for that.
        Raises IndexFullError.
        """
        self._written = True
        for target in self._targets():
            try:
                await target.write(work)
            except IndexFullError:
                if not forgets or not await asyncio.to_thread(give_reserve, target.path.parent):
                    raise
                await target.write(work)

    async def record(self, entries: Sequence[LedgerEntry], *, ledger: Mapping[str, LedgerEntry]) -> None:
        """Put entries into the ledger; the rows of notes among them that were indexed go."""
        if not entries:
            return
        self.note_forgetting([entry.path for entry in entries], ledger)

        def write(connection: apsw.Connection) -> None:
            for entry in entries:
                store.record_file(connection, entry)

        await self.write(write, forgets=True)

    async def remove(self, gone: Mapping[str, LedgerEntry]) -> None:
        """Take what is gone out of the ledger, with all rows."""
        if not gone:
            return
        self.note_forgetting(gone, gone)

        def write(connection: apsw.Connection) -> None:
            for path in gone:
                store.remove_note(connection, path)

        await self.write(write, forgets=True)

    async def follow_links(self, flavour: Flavour) -> None:
        """Find out where the links lead that the last changes touched."""
        for target in self._targets():
            while await target.write(lambda connection: relink(connection, flavour=flavour)):
                pass

    async def read_as(self, settings: str) -> bool:
        """Whether all indexes were made under these settings, given by their digest."""
        return all([await target.read(lambda c: read_meta(c, _READ_AS)) == settings for target in self._targets()])

    async def forget_hashes(self, settings: str) -> None:
        """Have every file read again: under other settings the same bytes may be another note.

        Done before the reading, in one transaction with the settings' digest, so that an interrupted run goes on.
        """

        def forget(connection: apsw.Connection) -> None:
            connection.execute("UPDATE notes SET content_hash = NULL WHERE part_of IS NULL")
            write_meta(connection, _READ_AS, settings)

        await self.write(forget)

    async def ledger(self, paths: Iterable[str] | None = None) -> dict[str, LedgerEntry]:
        """What is known of the files at `paths`, of all for `None`. A file on which two indexes differ counts as not
        read: an index that was left unfinished and taken up again has missed what changed meanwhile.
        """
        merged, *others = [
            await target.read(lambda connection: records.ledger(connection, paths)) for target in self._targets()
        ]
        for other in others:
            for path in merged.keys() | other.keys():
                one, two = merged.get(path), other.get(path)
                if one != two:
                    merged[path] = disputed(one, two)
        return merged

    async def first_lacks(self) -> bool:
        """Whether another index has notes that the first one has not: those of a vault, or a folder, that has been away
        since the first one was begun, and those that are held.
        """
        targets = self._targets()
        first, *others = [await target.read(records.ledger) for target in targets] if len(targets) > 1 else [{}]
        return any(entry.status == "indexed" and path not in first for each in others for path, entry in each.items())

    async def indexed_count(self) -> int:
        """How many notes the first index has."""
        return await self._targets()[0].read(records.indexed_count)

    async def paths_below(self, paths: Sequence[str]) -> list[str]:
        """What the first index has at these paths or in folders of these names."""
        return await self._targets()[0].read(lambda connection: records.paths_below(connection, paths))

    async def lay_reserve(self) -> None:
        """Keep room on the disk in which deletions can be written when it is full."""
        await asyncio.to_thread(lay_reserve, self._targets()[0].path.parent)

    def note_forgetting(self, paths: Iterable[str], ledger: Mapping[str, LedgerEntry]) -> None:
        """Remember when an index is about to lose text that it has of a note: an edit, a mark, a deletion."""
        self._forgets |= any(path in ledger and ledger[path].status == "indexed" for path in paths)

    async def forget_replaced_text(self, *, patient: bool = True) -> None:
        """Empty the write-ahead logs, which still hold what notes said before they were edited, deleted or withheld."""
        if not self._written:
            return
        try:
            for target in self._targets():
                await target.checkpoint(patient=patient)
        except IndexUnavailableError as error:
            # Another program may be reading the file.
            if not self.remembering.is_set():
                log.warning("replaced text is still in the index's log: %s", error.logged)
            self.remembering.set()
        else:
            self._written = False
            self.remembering.clear()
            if self._forgets:
                self._forgets = False
                await self._on_forgotten()
