"""Changed files are parsed in batches, one batch ahead, and stored; on battery slowly, or later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from sidecar.index.store import LedgerEntry
from sidecar.indexer.comparing import moves, unseen
from sidecar.indexer.leaving import LeftFiles, can_wait
from sidecar.indexer.pacing import Pacing, Stint
from sidecar.indexer.parse_result import ParseJob, ParseResult
from sidecar.indexer.parsing import Parser
from sidecar.indexer.progress import Progress
from sidecar.indexer.storing import write_results
from sidecar.indexer.turns import Turns
from sidecar.indexer.writing import IndexWriter
from sidecar.vault.files import VaultFile
from sidecar.vault.staying import StayingPlaces

_BATCH_FILES = 32


class FileReader:
    """Reads the files of one vault into its indexes, in one call at a time."""

    def __init__(
        self,
        parser: Parser,
        *,
        writer: IndexWriter,
        places: StayingPlaces,
        pacing: Pacing,
        turns: Turns,
        progress: Progress,
        on_moved: Callable[[Iterable[str]], None],
        on_batch: Callable[[], None],
    ) -> None:
        """What lies in one of the `places` stays on this machine; `turns` tells when somebody wants the indexer.
        `on_moved` is called with the paths that notes had which have moved, `on_batch` when a batch is stored.
        """
        self.left = LeftFiles()
        self._parser = parser
        self._writer = writer
        self._places = places
        self._pacing = pacing
        self._turns = turns
        self._progress = progress
        self._on_moved = on_moved
        self._on_batch = on_batch

    async def read(
        self,
        files: Sequence[VaultFile],
        ledger: Mapping[str, LedgerEntry],
        lost: dict[str, LedgerEntry],
        *,
        hurry: bool = False,
    ) -> list[str]:
        """Parse and store the files; returns those that are not there any more, and adds them to `lost`. A file with
        the bytes of a lost note takes over its rows, so that moving a folder computes nothing anew; that note is then
        taken out of `lost`. On battery, what can wait is left, or read slowly; with `hurry`, something waits for the
        end of it.
        """
        self._progress.total, self._progress.done = len(files), 0
        self._progress.unknown = sum(unseen(file, ledger) for file in files) + self.left.unseen_beside(files)
        missing: list[str] = []
        # What is large takes long, and should not keep a hundred small notes from being found.
        waiting = sorted(files, key=lambda file: file.size)
        following: asyncio.Task[list[ParseResult]] | None = None
        stint: Stint | None = None
        try:
            while waiting := waiting if following else await self._to_read(waiting, ledger, lost, hurry=hurry):
                batch, waiting = waiting[:_BATCH_FILES], waiting[_BATCH_FILES:]
                slow = self._progress.pace != "run"
                stint = await self._pacing.work(stint) if slow else None
                results = await (following or self._parse(batch, ledger, alone=slow))
                ahead = waiting[:_BATCH_FILES] if not slow and await self._pacing.now() == "run" else []
                following = asyncio.create_task(self._parse(ahead, ledger)) if ahead else None
                missing.extend(await self._take(results, ledger, lost))
                self._progress.done += len(batch)
                self._progress.unknown -= sum(unseen(file, ledger) for file in batch)
                self._on_batch()
                if stint and waiting and not hurry:
                    stint = await self._pacing.rest(stint, wanted=self._turns.wanted)
        finally:
            if following is not None and not following.done():
                following.cancel()
        return missing

    async def _to_read(
        self,
        files: list[VaultFile],
        ledger: Mapping[str, LedgerEntry],
        lost: Mapping[str, LedgerEntry],
        *,
        hurry: bool,
    ) -> list[VaultFile]:
        """Those of the files that are to be read now; the others are left for later."""
        pace = await self._pacing.now() if files else self._progress.pace
        self._progress.pace = pace
        # Slowly, something is read before room is made, so that whoever saves all the time does not stop it for good.
        makes_room = hurry or (self._turns.wanted.is_set() and self._progress.done > 0)
        waits: set[str] = set()
        if pace == "pause" or (pace == "slow" and makes_room):
            waits = can_wait(files, ledger, lost.values())
        now = [file for file in files if file.path not in waits]
        self.left.leave([file for file in files if file.path in waits], ledger)
        self.left.take(file.path for file in now)
        self._progress.left = len(self.left)
        self._progress.total -= len(waits)
        return now

    async def _parse(
        self, batch: Sequence[VaultFile], ledger: Mapping[str, LedgerEntry], *, alone: bool = False
    ) -> list[ParseResult]:
        jobs = []
        for file in batch:
            known = ledger.get(file.path)
            known_hash = known.file.content_hash if known else None
            times = {"size": file.size, "mtime_ns": file.mtime_ns, "ctime_ns": file.ctime_ns}
            jobs.append(ParseJob(path=file.path, known_hash=known_hash, **times))
        return await self._parser.parse(jobs, alone=alone)

    async def _take(
        self, results: Sequence[ParseResult], ledger: Mapping[str, LedgerEntry], lost: dict[str, LedgerEntry]
    ) -> list[str]:
        """Store what was read; returns what was not there."""
        gone = [result.path for result in results if result.missing]
        lost.update({path: ledger[path] for path in gone if path in ledger})
        self._writer.note_forgetting([result.path for result in results if not result.unchanged], ledger)
        moved = moves(results, lost)
        withheld = [each for each in results if each.parsed is not None and each.parsed.note.withheld is not None]
        if withheld:
            # By themselves, and first: on a full disk nothing else can be written.
            await self._writer.write(partial(write_results, withheld, moved, places=self._places), forgets=True)
        rest = [each for each in results if each not in withheld]
        await self._writer.write(partial(write_results, rest, moved, places=self._places))
        for old in moved.values():
            lost.pop(old, None)
        self._on_moved(moved.values())
        return gone
