"""The indexer of one vault: compares the folder with the ledger, has changed notes parsed, stores and embeds them.

What runs here: one reconciliation at a time, under a lock, and beside it one embedding run. Words are stored first and
vectors after, so that a note is found by its words, and a deletion or a flag obeyed, while a slow model still embeds;
an interrupted run goes on where it stopped, as what is missing is always read off the index itself. Notes that vanish
are only forgotten when that is believable (see `_believable`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import apsw

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import IndexFullError, IndexUnavailableError
from sidecar.index import records, store
from sidecar.index.database import Database
from sidecar.index.graph import relink
from sidecar.index.reserve import give_reserve, lay_reserve
from sidecar.index.schema import read_meta, write_meta
from sidecar.index.shelf import mark_complete
from sidecar.index.store import FileState, LedgerEntry
from sidecar.indexer.comparing import changed, disputed, inside, moves, newly_excluded, outermost, unseen
from sidecar.indexer.embedder import Embedder
from sidecar.indexer.leaving import LeftFiles, can_wait
from sidecar.indexer.pacing import Pacing, Stint
from sidecar.indexer.parsing import ParseJob, Parser, ParseResult
from sidecar.indexer.progress import Progress
from sidecar.indexer.storing import write_results
from sidecar.indexer.turns import Turns
from sidecar.notes.formats import kind_of
from sidecar.notes.rules import Flavour
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import Scan, VaultFile, scan_at
from sidecar.vault.staying import StayingPlaces

log = logging.getLogger(__name__)

_BATCH_FILES = 32
# Losing more than a fifth of at least this many notes at once is an unmounted drive more often than a wish.
_HOLD_SHARE = 0.2
_HOLD_AT_LEAST = 10
_SETTLE_SECONDS = 1.0
# How soon after a first note more of them are gone when a drive goes or a folder is emptied: the system tells of
# thousands in pieces, and the first piece looks like an ordinary deletion.
_MORE_SECONDS = 0.25
_READ_AS = "read_as"


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
        self._root = root
        self._targets = targets
        self._parser = parser
        self._exclusions = exclusions
        self._reading = reading
        self._flavour = flavour
        self._places = places
        self._embedding_name = embedding_name
        self._on_change = on_change
        self._on_complete = on_complete
        self._on_forgotten = on_forgotten
        self._forgets = False
        self._turns = Turns()
        self._pacing = pacing or Pacing()
        self._left = LeftFiles()
        self._embedding_lock = asyncio.Lock()
        # True at first: a run that was killed may have left deleted text in the log.
        self._written = True
        self.remembering = asyncio.Event()
        """Set while deleted text is in an index's log, for something reads it: `forget_replaced_text` tries again."""
        self.progress = Progress()
        self._embedder = Embedder(embedding, pacing=self._pacing, progress=self.progress, on_change=on_change)

    async def reconcile(self, *, below: Iterable[str] = ("",), accept_removals: bool = False) -> None:
        """Make the words of the index agree with the folders `below` (vault-relative; the default is the whole vault).

        With `accept_removals` vanished notes are forgotten however many they are. Nothing is forgotten when the vault,
        or a folder of it, cannot be read; the progress says so.
        """
        folders: Sequence[str] = outermost(below)
        async with self._turns.take():
            try:
                self._set_phase("scanning")
                found, folders = await self._scan_settled(folders, settle=not accept_removals)
                whole = "" in folders
                await self._apply_scan(found, folders, accept_removals=accept_removals)
                await self._follow_links()
                await self._forget_replaced_text()
                await asyncio.to_thread(lay_reserve, self._targets()[0].path.parent)
                self.progress.passes += whole
            finally:
                self._set_phase("idle")

    async def refresh(self, paths: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Deal with files that the watcher saw change, and with folders to be scanned again."""
        async with self._turns.take():
            try:
                believed = await self._apply_paths(sorted(set(paths)))
                await self._follow_links()
                await self._forget_replaced_text()
            finally:
                self._set_phase("idle")
        if wanted := sorted(set(folders)) if believed else [""]:
            await self.reconcile(below=wanted)

    async def forget_replaced_text(self) -> None:
        """Empty the write-ahead logs, if nothing reads them any longer."""
        async with self._turns.take():
            await self._forget_replaced_text(patient=False)

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
                if unread or await self._embedder.waiting(target, limit=1) or await self._lacks():
                    return
                await mark_complete(target, embedding_name=self._embedding_name)
                await self._on_complete()
        self._on_change()

    async def _lacks(self) -> bool:
        """Whether another index has notes that the first one has not: those of a vault, or a folder, that has been away
        since the first one was begun, and those that are held.
        """
        targets = self._targets()
        first, *others = [await target.read(records.ledger) for target in targets] if len(targets) > 1 else [{}]
        return any(entry.status == "indexed" and path not in first for each in others for path, entry in each.items())

    async def _scan_settled(self, folders: Sequence[str], *, settle: bool) -> tuple[Scan, Sequence[str]]:
        """Scan folders as one: what was moved vanishes from one place and comes up in another. Where many notes are
        missing, everything is scanned until no more of them go: thousands are not deleted in one moment, and how many
        go decides whether that is believable.
        """
        found = await asyncio.to_thread(scan_at, self._root, self._exclusions(), folders)
        missing = await self._missing_below(folders, found) if settle else set()
        while len(missing) >= _HOLD_AT_LEAST and found.complete:
            await asyncio.sleep(_SETTLE_SECONDS)
            before, folders = missing, [""]
            found = await asyncio.to_thread(scan_at, self._root, self._exclusions(), folders)
            missing = await self._missing_below(folders, found)
            if missing <= before:
                break
        return found, folders

    async def _more_go(self, missing: Collection[str]) -> bool:
        """Whether, a moment later, more notes are missing than these."""
        await asyncio.sleep(_MORE_SECONDS)
        found = await asyncio.to_thread(scan_at, self._root, self._exclusions(), [""])
        # What lies in a folder that cannot be read is not missing.
        closed = frozenset(each.path for each in found.excluded)
        return sum(not inside(path, closed) for path in await self._missing_below([""], found)) > len(missing)

    async def _missing_below(self, folders: Sequence[str], found: Scan) -> set[str]:
        within = frozenset(folders)
        return self._missing({p: e for p, e in (await self._ledger()).items() if inside(p, within)}, found)

    def _missing(self, known: Mapping[str, LedgerEntry], found: Scan) -> set[str]:
        """The notes among what is known that a scan did not find, those aside that are held already."""
        there = {file.path for file in found.files} | {each.path for each in found.excluded} | {*self.progress.held}
        gone = [path for path, entry in known.items() if path not in there and entry.status == "indexed"]
        return {path for path in gone if kind_of(path, flavour=self._flavour()) != "image"}

    async def _apply_scan(self, found: Scan, folders: Sequence[str], *, accept_removals: bool) -> None:
        whole = "" in folders
        if whole and found.complete and await self._read_otherwise():
            await self._forget_hashes()
        ledger = await self._ledger()
        within = frozenset(folders)
        here = {path: entry for path, entry in ledger.items() if inside(path, within)}
        # A part that was looked at says nothing of the rest.
        known = [] if whole else self.progress.problems
        self.progress.problems = list(dict.fromkeys([*known, *found.problems]))
        files = [file for file in found.files if changed(file, here.get(file.path)) or self._is_table(file.path)]
        if found.complete:
            self._left.keep(files, below=within)
        indexed = await self._targets()[0].read(records.indexed_count)
        await self._apply(found, files, ledger, here, indexed=None if accept_removals else indexed)

    async def _apply_paths(self, paths: Sequence[str]) -> bool:
        """Deal with what has become of the paths; `False` when so many notes are gone that all has to be looked at."""
        if not paths:
            return True
        found = await asyncio.to_thread(scan_at, self._root, self._exclusions(), paths)
        # Not the whole ledger: in a vault of 60,000 notes that would take longer than the note that was saved.
        present = {file.path for file in found.files} | {excluded.path for excluded in found.excluded}
        # What is gone may have been a folder: nobody can tell by the name of something that is not there.
        gone = [path for path in paths if path not in present]
        self._left.keep(found.files, below=frozenset(paths))
        below = await self._targets()[0].read(lambda connection: records.paths_below(connection, gone)) if gone else []
        ledger = await self._ledger({*paths, *below, *present, *self.progress.held})
        here = {path: ledger[path] for path in (*paths, *below) if path in ledger}
        missing = self._missing(here, found)
        moved = len(missing) <= sum(path not in ledger for path in present)
        many = len(missing) >= _HOLD_AT_LEAST
        if found.complete and (many or (not moved and await self._more_go(missing))):
            return False
        indexed = await self._targets()[0].read(records.indexed_count) if here.keys() - present else 0
        await self._apply(found, found.files, ledger, here, indexed=indexed)
        await self._look_at_tables(paths)
        return True

    async def _look_at_tables(self, paths: Iterable[str]) -> None:
        """Read the tables again whose rows may have got a page, or lost one: those beside the folder of a page."""
        if self._flavour() != "notion":
            return
        folders = {path.rpartition("/")[0] for path in paths}
        beside = {folder.rpartition("/")[0] for folder in folders if folder}
        ledger = await self._ledger()
        files = [
            VaultFile(path=path, size=-1, mtime_ns=-1)
            for path, entry in ledger.items()
            if self._is_table(path) and entry.status == "indexed" and path.rpartition("/")[0] in beside
        ]
        await self._read_files(files, ledger, {})

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
        present = {file.path for file in found.files} | {excluded.path for excluded in found.excluded}
        vanished = {path: entry for path, entry in here.items() if path not in present} if found.complete else {}
        self._release(present)
        lost = self._held_entries(ledger) | vanished
        full: IndexFullError | None = None
        try:
            hurry = not vanished.keys() <= {*self.progress.held}
            missing = await self._read_files(files, ledger, lost, hurry=hurry)
        except IndexFullError as error:
            # What is gone is forgotten even so.
            full, missing = error, []
        vanished |= {path: ledger[path] for path in missing if path in here}
        # What is gone from `lost` by now has moved. A note whose bytes stand elsewhere in the vault is not lost either.
        vanished = {path: entry for path, entry in vanished.items() if path in lost}
        if indexed is not None:
            copies = {ledger[path].file.content_hash for path in present if path in ledger}
            moved = {p: e for p, e in vanished.items() if e.file.content_hash and e.file.content_hash in copies}
            rest = {path: entry for path, entry in vanished.items() if path not in moved}
            vanished = moved | self._believable(rest, indexed=indexed)
        await self._remove(vanished)
        if full is not None:
            raise full

    async def _read_otherwise(self) -> bool:
        """Whether an index was made under other settings than the vault's now."""
        wanted = self._reading()
        return any([await target.read(lambda c: read_meta(c, _READ_AS)) != wanted for target in self._targets()])

    async def _forget_hashes(self) -> None:
        """Have every file read again: under other settings the same bytes may be another note.

        Done before the reading, in one transaction with the settings' digest, so that an interrupted run goes on.
        """
        wanted = self._reading()

        def forget(connection: apsw.Connection) -> None:
            connection.execute("UPDATE notes SET content_hash = NULL WHERE part_of IS NULL")
            write_meta(connection, _READ_AS, wanted)

        await self._write(forget)

    async def _follow_links(self) -> None:
        """Find out where the links lead that the last changes touched."""
        flavour = self._flavour()
        for target in self._targets():
            while await target.write(lambda connection: relink(connection, flavour=flavour)):
                pass

    def _is_bare(self) -> bool:
        """Whether nothing at all is in the vault's folder, not even its settings."""
        try:
            return next(self._root.iterdir(), None) is None
        except OSError:
            return True

    def _held_entries(self, ledger: Mapping[str, LedgerEntry]) -> dict[str, LedgerEntry]:
        return {path: ledger[path] for path in self.progress.held if path in ledger}

    def _release(self, present: Iterable[str]) -> None:
        """Hold no longer what is there again."""
        back = set(present)
        self.progress.held = tuple(path for path in self.progress.held if path not in back)

    def _believable(self, vanished: Mapping[str, LedgerEntry], *, indexed: int) -> dict[str, LedgerEntry]:
        """What of the vanished may be forgotten: all, or nothing when over a fifth of the `indexed` notes vanish."""
        # Images are cleared away by the hundred, and say nothing about the notes.
        texts = {path for path in vanished if kind_of(path, flavour=self._flavour()) != "image"}
        lost = [path for path, entry in vanished.items() if entry.status == "indexed" and path in texts]
        # A small vault is held when all of it vanishes: a drive that is away leaves an empty folder behind.
        all_of_it = len(lost) == indexed > 0 and (indexed > 1 or self._is_bare())
        if not all_of_it and (len(lost) < _HOLD_AT_LEAST or len(lost) <= _HOLD_SHARE * indexed):
            return dict(vanished)
        log.warning("%d notes vanished at once; they stay in the index until that is confirmed", len(lost))
        self.progress.held = tuple(sorted({*self.progress.held, *lost}))
        return {}

    async def _read_files(
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
        self.progress.total, self.progress.done = len(files), 0
        self.progress.unknown = sum(unseen(file, ledger) for file in files) + self._left.unseen_beside(files)
        self._set_phase("reading")
        missing: list[str] = []
        # What is large takes long, and should not keep a hundred small notes from being found.
        waiting = sorted(files, key=lambda file: file.size)
        following: asyncio.Task[list[ParseResult]] | None = None
        stint: Stint | None = None
        try:
            while waiting := waiting if following else await self._to_read(waiting, ledger, lost, hurry=hurry):
                batch, waiting = waiting[:_BATCH_FILES], waiting[_BATCH_FILES:]
                slow = self.progress.pace != "run"
                stint = await self._pacing.work(stint) if slow else None
                results = await (following or self._parse(batch, ledger, alone=slow))
                ahead = waiting[:_BATCH_FILES] if not slow and await self._pacing.now() == "run" else []
                following = asyncio.create_task(self._parse(ahead, ledger)) if ahead else None
                gone = [result.path for result in results if result.missing]
                missing.extend(gone)
                lost.update({path: ledger[path] for path in gone if path in ledger})
                self._note_forgetting([result.path for result in results if not result.unchanged], ledger)
                await self._store(results, lost)
                self.progress.done += len(batch)
                self.progress.unknown -= sum(unseen(file, ledger) for file in batch)
                self._on_change()
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
        pace = await self._pacing.now() if files else self.progress.pace
        self.progress.pace = pace
        # Slowly, something is read before room is made, so that whoever saves all the time does not stop it for good.
        makes_room = hurry or (self._turns.wanted.is_set() and self.progress.done > 0)
        waits: set[str] = set()
        if pace == "pause" or (pace == "slow" and makes_room):
            waits = can_wait(files, ledger, lost.values())
        now = [file for file in files if file.path not in waits]
        self._left.leave([file for file in files if file.path in waits], ledger)
        self._left.take(file.path for file in now)
        self.progress.left = len(self._left)
        self.progress.total -= len(waits)
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

    async def _store(self, results: Sequence[ParseResult], lost: dict[str, LedgerEntry]) -> None:
        moved = moves(results, lost)
        withheld = [each for each in results if each.parsed is not None and each.parsed.note.withheld is not None]
        if withheld:
            # By themselves, and first: on a full disk nothing else can be written.
            await self._write(partial(write_results, withheld, moved, places=self._places), forgets=True)
        rest = [each for each in results if each not in withheld]
        await self._write(partial(write_results, rest, moved, places=self._places))
        for old in moved.values():
            lost.pop(old, None)
        self._release(moved.values())

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
        self._note_forgetting([entry.path for entry in new], ledger)
        await self._write_entries(new)

    async def _write_entries(self, entries: Sequence[LedgerEntry]) -> None:
        if not entries:
            return

        def write(connection: apsw.Connection) -> None:
            for entry in entries:
                store.record_file(connection, entry)

        await self._write(write, forgets=True)

    async def _write(self, work: Callable[[apsw.Connection], None], *, forgets: bool = False) -> None:
        """Write to every index. What `forgets` text is done on a full disk too, as long as room is kept for that."""
        self._written = True
        for target in self._targets():
            try:
                await target.write(work)
            except IndexFullError:
                if not forgets or not await asyncio.to_thread(give_reserve, target.path.parent):
                    raise
                await target.write(work)

    async def _forget_replaced_text(self, *, patient: bool = True) -> None:
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

    def _note_forgetting(self, paths: Iterable[str], ledger: Mapping[str, LedgerEntry]) -> None:
        """Remember when an index is about to lose text that it has of a note: an edit, a mark, a deletion."""
        self._forgets |= any(path in ledger and ledger[path].status == "indexed" for path in paths)

    async def _remove(self, gone: Mapping[str, LedgerEntry]) -> None:
        if not gone:
            return
        self._note_forgetting(gone, gone)

        def write(connection: apsw.Connection) -> None:
            for path in gone:
                store.remove_note(connection, path)

        await self._write(write, forgets=True)
        self._release(gone)

    async def _ledger(self, paths: Iterable[str] | None = None) -> dict[str, LedgerEntry]:
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

    def _set_phase(self, phase: str) -> None:
        self.progress.phase = phase
        self._on_change()
