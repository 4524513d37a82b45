"""The indexer of one vault: compares the folder with the ledger, has changed notes parsed, stores and embeds them.

What runs here: one reconciliation at a time, under a lock, and beside it one embedding run. Words are stored first and
vectors after, so that a note is found by its words, and a deletion or a flag obeyed, while a slow model still embeds;
an interrupted run goes on where it stopped, as what is missing is always read off the index itself. Notes that vanish
are only forgotten when that is believable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import IndexFullError, ProgramReplacedError
from sidecar.index.database import Database
from sidecar.index.shelf import mark_complete
from sidecar.index.store import FileState, LedgerEntry
from sidecar.indexer.comparing import changed, inside, newly_excluded, outermost, touched
from sidecar.indexer.embedder import Embedder
from sidecar.indexer.file_reading import FileReader
from sidecar.indexer.pacing import Pacing
from sidecar.indexer.parsing import Parser
from sidecar.indexer.progress import Progress
from sidecar.indexer.turns import Turns
from sidecar.indexer.vanishing import Vanishing
from sidecar.indexer.writing import IndexWriter
from sidecar.notes.formats import kind_of
from sidecar.notes.rules import Flavour
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import Scan, VaultFile
from sidecar.vault.staying import StayingPlaces


async def _nothing() -> None:
    """What happens at completion unless something is asked for."""


class Indexer:
    """Keeps the indexes of one vault true to its folder. `targets` are written alike; the first one is embedded."""

    def __init__(
        self,
        root: Path,
        *,
        targets: Callable[[], Sequence[Database]],
        parser: Parser,
        exclusions: Callable[[], Exclusions],
        reading: Callable[[], str] = lambda: "",
        flavour: Callable[[], Flavour] = lambda: "obsidian",
        places: StayingPlaces = StayingPlaces(),  # noqa: B008  # frozen
        embedding: EmbeddingModel | None,
        embedding_name: str,
        pacing: Pacing | None = None,
        on_change: Callable[[], None] = lambda: None,
        on_complete: Callable[[], Awaitable[None]] = _nothing,
        on_forgotten: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """`reading` is a digest of the settings that decide what a file's bytes mean: with another one, all are read
        again. What lies in one of the `places` stays on this machine. `pacing` says how fast to go. `on_complete` runs
        whenever the first target is whole, while nothing is written to any of them; `on_forgotten` when text that notes
        no longer have has left the files of all of them.
        """
        self._targets = targets
        self._reading = reading
        self._flavour = flavour
        self._embedding_name = embedding_name
        self._on_change = on_change
        self._on_complete = on_complete
        self._turns = Turns()
        self._pacing = pacing or Pacing()
        self._embedding_lock = asyncio.Lock()
        self.progress = Progress()
        self._writer = IndexWriter(targets, on_forgotten=on_forgotten)
        self._vanishing = Vanishing(
            root, exclusions=exclusions, flavour=flavour, ledger=self._writer.ledger, progress=self.progress
        )
        self._files = FileReader(
            parser,
            writer=self._writer,
            places=places,
            pacing=self._pacing,
            turns=self._turns,
            progress=self.progress,
            on_moved=self._vanishing.release,
            on_batch=on_change,
        )
        self._embedder = Embedder(embedding, pacing=self._pacing, progress=self.progress, on_change=on_change)

    @property
    def remembering(self) -> asyncio.Event:
        """Set while deleted text is in an index's log, for something reads it: `forget_replaced_text` tries again."""
        return self._writer.remembering

    async def reconcile(self, *, below: Iterable[str] = ("",), accept_removals: bool = False) -> None:
        """Make the words of the index agree with the folders `below` (vault-relative; the default is the whole vault).

        With `accept_removals` vanished notes are forgotten however many they are. Nothing is forgotten when the vault,
        or a folder of it, cannot be read; the progress says so.
        """
        folders: Sequence[str] = outermost(below)
        async with self._turns.take():
            try:
                self._set_phase("scanning")
                found, folders = await self._vanishing.scan_settled(folders, settle=not accept_removals)
                await self._apply_scan(found, folders, accept_removals=accept_removals)
                await self._writer.follow_links(self._flavour())
                await self._writer.forget_replaced_text()
                await self._writer.lay_reserve()
                self.progress.passes += "" in folders
            finally:
                self._set_phase("idle")

    async def refresh(self, paths: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Deal with files that the watcher saw change, and with folders to be scanned again."""
        async with self._turns.take():
            try:
                believed = await self._apply_paths(sorted(set(paths)))
                await self._writer.follow_links(self._flavour())
                await self._writer.forget_replaced_text()
            finally:
                self._set_phase("idle")
        if wanted := sorted(set(folders)) if believed else [""]:
            await self.reconcile(below=wanted)

    async def forget_replaced_text(self) -> None:
        """Empty the write-ahead logs, if nothing reads them any longer."""
        async with self._turns.take():
            await self._writer.forget_replaced_text(patient=False)

    async def resumes(self) -> bool:
        """Whether something was left for later that may be done now."""
        return self.progress.waits and await self._pacing.now() != "pause"

    async def embed(self) -> None:
        """Embed every chunk that has no vector yet. What fails is told in the progress, and tried again next time."""
        async with self._embedding_lock:
            target = self._targets()[0]
            if not await self._embedder.embed_missing(target):
                return
            async with self._turns.take(patient=True):
                unread = self.progress.passes == 0 or self.progress.left > 0
                if unread or await self._embedder.waiting(target, limit=1) or await self._writer.first_lacks():
                    return
                await mark_complete(target, embedding_name=self._embedding_name)
                await self._on_complete()
        self._on_change()

    async def _apply_scan(self, found: Scan, folders: Sequence[str], *, accept_removals: bool) -> None:
        whole = "" in folders
        if whole and found.complete and not await self._writer.read_as(self._reading()):
            await self._writer.forget_hashes(self._reading())
        ledger = await self._writer.ledger()
        within = frozenset(folders)
        here = {path: entry for path, entry in ledger.items() if inside(path, within)}
        # A part that was looked at says nothing of the rest.
        known = [] if whole else self.progress.problems
        self.progress.problems = list(dict.fromkeys([*known, *found.problems]))
        files = [file for file in found.files if changed(file, here.get(file.path)) or self._is_table(file.path)]
        if found.complete:
            self._files.left.keep(files, below=within)
        indexed = await self._writer.indexed_count()
        await self._apply(found, files, ledger, here, indexed=None if accept_removals else indexed)

    async def _apply_paths(self, paths: Sequence[str]) -> bool:
        """Deal with what has become of the paths; `False` when so many notes are gone that all has to be looked at."""
        if not paths:
            return True
        found = await self._vanishing.scan(paths)
        # Not the whole ledger: in a vault of 60,000 notes that would take longer than the note that was saved.
        present = _present(found)
        # What is gone may have been a folder: nobody can tell by the name of something that is not there.
        gone = [path for path in paths if path not in present]
        if found.complete:
            self._files.left.keep(found.files, below=frozenset(paths))
        below = await self._writer.paths_below(gone) if gone else []
        ledger = await self._writer.ledger({*paths, *below, *present, *self.progress.held})
        here = {path: ledger[path] for path in (*paths, *below) if path in ledger}
        missing = self._vanishing.missing(here, found)
        moved = len(missing) <= sum(path not in ledger for path in present)
        many = self._vanishing.are_many(missing)
        if found.complete and (many or (not moved and await self._vanishing.more_go(missing))):
            return False
        indexed = await self._writer.indexed_count() if here.keys() - present else 0
        await self._apply(found, found.files, ledger, here, indexed=indexed)
        await self._look_at_tables(paths)
        return True

    async def _look_at_tables(self, paths: Iterable[str]) -> None:
        """Read the tables again whose rows may have got a page, or lost one: those beside the folder of a page."""
        if self._flavour() != "notion":
            return
        folders = {path.rpartition("/")[0] for path in paths}
        beside = {folder.rpartition("/")[0] for folder in folders if folder}
        ledger = await self._writer.ledger()
        files = [
            VaultFile(path=path, size=-1, mtime_ns=-1)
            for path, entry in ledger.items()
            if self._is_table(path) and entry.status == "indexed" and path.rpartition("/")[0] in beside
        ]
        await self._read_files(files, ledger, {}, hurry=False)

    def _is_table(self, path: str) -> bool:
        """Whether a file's rows depend on what pages there are, which its own bytes do not tell."""
        return kind_of(path, flavour=self._flavour()) == "table"

    async def _apply(
        self,
        found: Scan,
        files: Sequence[VaultFile],
        ledger: Mapping[str, LedgerEntry],
        here: Mapping[str, LedgerEntry],
        *,
        indexed: int | None,
    ) -> None:
        """Read `files`, and forget which of the entries `here` the scan did not find, as far as `indexed` notes make it
        believable; `None`: whatever they are.
        """
        await self._record_excluded(found, ledger)
        present = _present(found)
        vanished = {path: entry for path, entry in here.items() if path not in present} if found.complete else {}
        self._vanishing.release(present)
        lost = self._vanishing.held_entries(ledger) | vanished
        failed: IndexFullError | ProgramReplacedError | None = None
        unread: dict[str, LedgerEntry] = {}
        try:
            hurry = not vanished.keys() <= {*self.progress.held}
            missing = await self._read_files(files, ledger, lost, hurry=hurry)
        except IndexFullError as error:
            # What is gone is forgotten even so.
            failed, missing = error, []
        except ProgramReplacedError as error:
            # Only reading tells whether a note has become private: until the restart, it is not there.
            failed, missing, unread = error, [], _touched_notes(files, ledger)
        vanished |= {path: ledger[path] for path in missing if path in here}
        # What is gone from `lost` by now has moved.
        vanished = {path: entry for path, entry in vanished.items() if path in lost}
        if indexed is not None:
            vanished = self._vanishing.believable(vanished, present=present, ledger=ledger, indexed=indexed)
        await self._writer.remove(vanished | unread)
        self._vanishing.release(vanished)
        if failed is not None:
            # What was removed leaves the files too; nothing of what follows a run that goes well is reached.
            await self._writer.forget_replaced_text(patient=False)
            raise failed

    async def _read_files(
        self,
        files: Sequence[VaultFile],
        ledger: Mapping[str, LedgerEntry],
        lost: dict[str, LedgerEntry],
        *,
        hurry: bool,
    ) -> list[str]:
        self._set_phase("reading")
        return await self._files.read(files, ledger, lost, hurry=hurry)

    async def _record_excluded(self, found: Scan, ledger: Mapping[str, LedgerEntry]) -> None:
        new = [
            LedgerEntry(
                path=excluded.path,
                status="excluded",
                reason=excluded.rule,
                file=FileState(size=0, mtime_ns=0, content_hash=None),
            )
            for excluded in found.excluded
            if newly_excluded(excluded, ledger.get(excluded.path))
        ]
        await self._writer.record(new, ledger=ledger)

    def _set_phase(self, phase: str) -> None:
        self.progress.phase = phase
        self._on_change()


def _touched_notes(files: Sequence[VaultFile], ledger: Mapping[str, LedgerEntry]) -> dict[str, LedgerEntry]:
    known = {file.path: (file, ledger[file.path]) for file in files if file.path in ledger}
    return {p: entry for p, (file, entry) in known.items() if entry.status == "indexed" and touched(file, entry)}


def _present(found: Scan) -> set[str]:
    return {file.path for file in found.files} | {excluded.path for excluded in found.excluded}
