"""Notes that vanish: whether the vault has settled, and whether it is believable that so many were deleted.

Losing much at once is an unmounted drive more often than a wish; then the notes are held: they stay searchable until
somebody says that they were deleted, or they come back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sidecar.index.store import LedgerEntry
from sidecar.indexer.comparing import inside
from sidecar.indexer.progress import Progress
from sidecar.notes.formats import kind_of
from sidecar.notes.rules import Flavour
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import Scan, scan_at

log = logging.getLogger(__name__)

_HOLD_SHARE = 0.2
_HOLD_AT_LEAST = 10
_SETTLE_SECONDS = 1.0
# How soon after a first note more of them are gone when a drive goes or a folder is emptied: the system tells of
# thousands in pieces, and the first piece looks like an ordinary deletion.
_MORE_SECONDS = 0.25


class Vanishing:
    """Scans a vault's folder, and judges what is missing in it. `progress.held` is kept here."""

    def __init__(
        self,
        root: Path,
        *,
        exclusions: Callable[[], Exclusions],
        flavour: Callable[[], Flavour],
        ledger: Callable[[], Awaitable[Mapping[str, LedgerEntry]]],
        progress: Progress,
    ) -> None:
        """`ledger` reads all that is known."""
        self._root = root
        self._exclusions = exclusions
        self._flavour = flavour
        self._ledger = ledger
        self._progress = progress

    async def scan(self, folders: Sequence[str]) -> Scan:
        """Look at what is there, at these paths and in these folders."""
        return await asyncio.to_thread(scan_at, self._root, self._exclusions(), folders)

    async def scan_settled(self, folders: Sequence[str], *, settle: bool) -> tuple[Scan, Sequence[str]]:
        """Scan folders as one: what was moved vanishes from one place and comes up in another. Where many notes are
        missing, everything is scanned until no more of them go: thousands are not deleted in one moment, and how many
        go decides whether that is believable. Returns what was found and the folders that were scanned in the end.
        """
        found = await self.scan(folders)
        missing = await self._missing_below(folders, found) if settle else set()
        while self.are_many(missing) and found.complete:
            await asyncio.sleep(_SETTLE_SECONDS)
            before, folders = missing, [""]
            found = await self.scan(folders)
            missing = await self._missing_below(folders, found)
            if missing <= before:
                break
        return found, folders

    async def more_go(self, missing: Collection[str]) -> bool:
        """Whether, a moment later, more notes are missing than these."""
        await asyncio.sleep(_MORE_SECONDS)
        found = await self.scan([""])
        # What lies in a folder that cannot be read is not missing.
        closed = frozenset(each.path for each in found.excluded)
        return sum(not inside(path, closed) for path in await self._missing_below([""], found)) > len(missing)

    def are_many(self, missing: Collection[str]) -> bool:
        """Whether so many notes are missing that it may be a drive."""
        return len(missing) >= _HOLD_AT_LEAST

    def missing(self, known: Mapping[str, LedgerEntry], found: Scan) -> set[str]:
        """The notes among what is known that a scan did not find, those aside that are held already."""
        there = {file.path for file in found.files} | {each.path for each in found.excluded} | {*self._progress.held}
        gone = [path for path, entry in known.items() if path not in there and entry.status == "indexed"]
        return {path for path in gone if kind_of(path, flavour=self._flavour()) != "image"}

    def believable(
        self,
        vanished: Mapping[str, LedgerEntry],
        *,
        present: Iterable[str],
        ledger: Mapping[str, LedgerEntry],
        indexed: int,
    ) -> dict[str, LedgerEntry]:
        """What of the vanished may be forgotten: what stands elsewhere, among the `present`, and of the rest all, or
        nothing when over a fifth of the `indexed` notes vanish.
        """
        # A note whose bytes stand elsewhere in the vault is not lost.
        copies = {ledger[path].file.content_hash for path in present if path in ledger}
        moved = {p: e for p, e in vanished.items() if e.file.content_hash and e.file.content_hash in copies}
        rest = {path: entry for path, entry in vanished.items() if path not in moved}
        return moved | self._believable(rest, indexed=indexed)

    def held_entries(self, ledger: Mapping[str, LedgerEntry]) -> dict[str, LedgerEntry]:
        """What the ledger says of the notes that are held."""
        return {path: ledger[path] for path in self._progress.held if path in ledger}

    def release(self, present: Iterable[str]) -> None:
        """Hold no longer what is there again, or gone for good."""
        back = set(present)
        self._progress.held = tuple(path for path in self._progress.held if path not in back)

    async def _missing_below(self, folders: Sequence[str], found: Scan) -> set[str]:
        within = frozenset(folders)
        return self.missing({p: e for p, e in (await self._ledger()).items() if inside(p, within)}, found)

    def _believable(self, vanished: Mapping[str, LedgerEntry], *, indexed: int) -> dict[str, LedgerEntry]:
        # Images are cleared away by the hundred, and say nothing about the notes.
        texts = {path for path in vanished if kind_of(path, flavour=self._flavour()) != "image"}
        lost = [path for path, entry in vanished.items() if entry.status == "indexed" and path in texts]
        # A small vault is held when all of it vanishes: a drive that is away leaves an empty folder behind.
        all_of_it = len(lost) == indexed > 0 and (indexed > 1 or self._is_bare())
        if not all_of_it and (len(lost) < _HOLD_AT_LEAST or len(lost) <= _HOLD_SHARE * indexed):
            return dict(vanished)
        log.warning("%d notes vanished at once; they stay in the index until that is confirmed", len(lost))
        self._progress.held = tuple(sorted({*self._progress.held, *lost}))
        return {}

    def _is_bare(self) -> bool:
        """Whether nothing at all is in the vault's folder, not even its settings."""
        try:
            return next(self._root.iterdir(), None) is None
        except OSError:
            return True
