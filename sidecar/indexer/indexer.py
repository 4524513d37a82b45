"""The indexer of one vault: compares the folder with the ledger, has changed notes parsed, stores and embeds them.

What runs here: one reconciliation at a time, under a lock, and beside it one embedding run. Words are stored first and
vectors after, so that a note is found by its words, and a deletion or a flag obeyed, while a slow model still embeds;
an interrupted run goes on where it stopped, as what is missing is always read off the index itself. Notes that vanish
are only forgotten when that is believable (see `_believable`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import IndexUnavailableError, SidecarError
from sidecar.index import records, store
from sidecar.index.database import Database
from sidecar.index.shelf import mark_complete
from sidecar.index.store import FileState, LedgerEntry, NoteEntry
from sidecar.indexer.parsing import ParsedNote, ParseJob, Parser, ParseResult
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import NOT_DOWNLOADED, Excluded, Scan, VaultFile, scan

log = logging.getLogger(__name__)

_BATCH_FILES = 32
_BATCH_TEXTS = 128
# Losing more than a fifth of at least this many notes at once is an unmounted drive more often than a wish.
_HOLD_SHARE = 0.2
_HOLD_AT_LEAST = 10
# What stands for a file that has to be read again whatever its size and time.
_UNREAD = FileState(size=-1, mtime_ns=-1, content_hash=None)


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the indexer stands. `total` counts the files to be read in this run, `done` those dealt with, `unknown`
    those of the rest that the ledger has never seen; `passes` the reconciliations of the whole vault that reached their
    end.
    """

    phase: str = "waiting"
    total: int = 0
    done: int = 0
    unknown: int = 0
    passes: int = 0
    held: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    embedding_problem: str | None = None

    @property
    def ready(self) -> bool:
        """Whether every file has been dealt with."""
        return self.passes > 0 and self.done == self.total


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
        embedding: EmbeddingModel | None,
        embedding_name: str,
        on_change: Callable[[], None] = lambda: None,
        on_complete: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """`on_complete` runs whenever the first target is whole, while nothing is written to any of them."""
        self._root = root
        self._targets = targets
        self._parser = parser
        self._exclusions = exclusions
        self._embedding = embedding
        self._embedding_name = embedding_name
        self._on_change = on_change
        self._on_complete = on_complete
        self._lock = asyncio.Lock()
        self._embedding_lock = asyncio.Lock()
        # True at first: a run that was killed may have left deleted text in the log.
        self._written = True
        self.progress = Progress()

    async def reconcile(self, *, below: Iterable[str] = ("",), accept_removals: bool = False) -> None:
        """Make the words of the index agree with the folders `below` (vault-relative; the default is the whole vault).

        With `accept_removals` vanished notes are forgotten however many they are. Raises VaultError when the vault is
        not there at all, and then forgets nothing.
        """
        folders = _outermost(below)
        async with self._lock:
            try:
                self._set_phase("scanning")
                exclusions = self._exclusions()
                found = [await asyncio.to_thread(scan, self._root, exclusions, below=folder) for folder in folders]
                # As one: a folder that was moved vanishes from one place and comes up in another.
                await self._apply_scan(_together(found), folders, accept_removals=accept_removals)
                await self._forget_replaced_text()
                self.progress.passes += "" in folders
            finally:
                self._set_phase("idle")

    async def refresh(self, paths: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Deal with files that the watcher saw change, and with folders to be scanned again."""
        async with self._lock:
            try:
                await self._apply_paths(sorted(set(paths)))
                await self._forget_replaced_text()
            finally:
                self._set_phase("idle")
        if wanted := sorted(set(folders)):
            await self.reconcile(below=wanted)

    async def embed(self) -> None:
        """Embed every chunk that has no vector yet. What fails is told in the progress, and tried again next time."""
        async with self._embedding_lock:
            target = self._targets()[0]
            if not await self._embed_missing(target):
                return
            async with self._lock:
                if self.progress.passes == 0 or await self._to_embed(target, limit=1):
                    return
                await mark_complete(target, embedding_name=self._embedding_name)
                await self._on_complete()
        self._on_change()

    async def _apply_scan(self, found: Scan, folders: Sequence[str], *, accept_removals: bool) -> None:
        ledger = await self._ledger()
        here = {path: entry for path, entry in ledger.items() if any(_inside(path, folder) for folder in folders)}
        self.progress.problems = list(found.problems)
        await self._record_excluded(found, here)
        present = {file.path for file in found.files} | {excluded.path for excluded in found.excluded}
        vanished = {path: entry for path, entry in here.items() if path not in present} if found.complete else {}
        changed = [file for file in found.files if _changed(file, here.get(file.path))]
        self._release(present)
        lost = self._held_entries(ledger) | vanished
        await self._read_files(changed, ledger, lost)
        # What is gone from `lost` by now has moved. A note whose bytes stand elsewhere in the vault is not lost either.
        vanished = {path: entry for path, entry in vanished.items() if path in lost}
        copies = {ledger[path].file.content_hash for path in present if path in ledger}
        if not accept_removals:
            moved = {p: e for p, e in vanished.items() if e.file.content_hash and e.file.content_hash in copies}
            rest = {path: entry for path, entry in vanished.items() if path not in moved}
            indexed = sum(entry.status == "indexed" for entry in ledger.values())
            vanished = moved | self._believable(rest, indexed=indexed)
        await self._remove(vanished)

    async def _apply_paths(self, paths: Sequence[str]) -> None:
        if not paths:
            return
        # Not the whole ledger: in a vault of 60,000 notes that would take longer than the note that was saved.
        ledger = await self._ledger({*paths, *self.progress.held})
        exclusions = self._exclusions()
        excluded = {path: rule for path in paths if (rule := exclusions.rule_for(path)) is not None}
        files = [VaultFile(path=path, size=-1, mtime_ns=-1) for path in paths if path not in excluded]
        lost = self._held_entries(ledger)
        missing = await self._read_files(files, ledger, lost)
        self._release({file.path for file in files}.difference(missing))
        await self._remove({path: ledger[path] for path in excluded if path in ledger})
        gone = {path: lost[path] for path in missing if path in lost}
        if gone:
            indexed = await self._targets()[0].read(records.indexed_count)
            await self._remove(self._believable(gone, indexed=indexed))

    def _held_entries(self, ledger: Mapping[str, LedgerEntry]) -> dict[str, LedgerEntry]:
        return {path: ledger[path] for path in self.progress.held if path in ledger}

    def _release(self, present: Iterable[str]) -> None:
        """Hold no longer what is there again."""
        back = set(present)
        self.progress.held = tuple(path for path in self.progress.held if path not in back)

    def _believable(self, vanished: Mapping[str, LedgerEntry], *, indexed: int) -> dict[str, LedgerEntry]:
        """What of the vanished may be forgotten: all, or nothing when over a fifth of the `indexed` notes vanish."""
        lost = [path for path, entry in vanished.items() if entry.status == "indexed"]
        if len(lost) < _HOLD_AT_LEAST or len(lost) <= _HOLD_SHARE * indexed:
            return dict(vanished)
        log.warning("%d notes vanished at once; they stay in the index until that is confirmed", len(lost))
        self.progress.held = tuple(sorted({*self.progress.held, *lost}))
        return {}

    async def _read_files(
        self, files: Sequence[VaultFile], ledger: Mapping[str, LedgerEntry], lost: dict[str, LedgerEntry]
    ) -> list[str]:
        """Parse and store the files; returns those that are not there any more, and adds them to `lost`. A file with
        the bytes of a lost note takes over its rows, so that moving a folder computes nothing anew; that note is then
        taken out of `lost`.
        """
        self.progress.total, self.progress.done = len(files), 0
        self.progress.unknown = sum(_unseen(file, ledger) for file in files)
        self._set_phase("reading")
        missing: list[str] = []
        batches = [files[i : i + _BATCH_FILES] for i in range(0, len(files), _BATCH_FILES)]
        following: asyncio.Task[list[ParseResult]] | None = None
        try:
            for number, batch in enumerate(batches):
                results = await (following or self._parse(batch, ledger))
                following = (
                    asyncio.create_task(self._parse(batches[number + 1], ledger)) if number + 1 < len(batches) else None
                )
                gone = [result.path for result in results if result.missing]
                missing.extend(gone)
                lost.update({path: ledger[path] for path in gone if path in ledger})
                await self._store(results, lost)
                self.progress.done += len(batch)
                self.progress.unknown -= sum(_unseen(file, ledger) for file in batch)
                self._on_change()
        finally:
            if following is not None and not following.done():
                following.cancel()
        return missing

    async def _parse(self, batch: Sequence[VaultFile], ledger: Mapping[str, LedgerEntry]) -> list[ParseResult]:
        jobs = []
        for file in batch:
            known = ledger.get(file.path)
            jobs.append(ParseJob(path=file.path, known_hash=known.file.content_hash if known else None))
        return await self._parser.parse(jobs)

    async def _store(self, results: Sequence[ParseResult], lost: dict[str, LedgerEntry]) -> None:
        moves = _moves(results, lost)

        def write(connection: apsw.Connection) -> None:
            for result in results:
                _write_result(connection, result, moves.get(result.path))

        await self._write(write)
        for old in moves.values():
            lost.pop(old, None)
        self._release(moves.values())

    async def _record_excluded(self, found: Scan, ledger: Mapping[str, LedgerEntry]) -> None:
        new = [
            LedgerEntry(
                path=excluded.path,
                status="excluded",
                reason=excluded.rule,
                file=FileState(size=0, mtime_ns=0, content_hash=None),
            )
            for excluded in found.excluded
            if _newly_excluded(excluded, ledger.get(excluded.path))
        ]
        await self._write_entries(new)

    async def _write_entries(self, entries: Sequence[LedgerEntry]) -> None:
        if not entries:
            return

        def write(connection: apsw.Connection) -> None:
            for entry in entries:
                store.record_file(connection, entry)

        await self._write(write)

    async def _write(self, work: Callable[[apsw.Connection], None]) -> None:
        self._written = True
        for target in self._targets():
            await target.write(work)

    async def _forget_replaced_text(self) -> None:
        """Empty the write-ahead logs, which still hold what notes said before they were edited, deleted or withheld."""
        if not self._written:
            return
        try:
            for target in self._targets():
                await target.checkpoint()
        except IndexUnavailableError as error:
            # Another program may be reading the file. Nothing is lost by trying again after the next change.
            log.warning("replaced text is still in the index's log: %s", error.message)
        else:
            self._written = False

    async def _remove(self, gone: Mapping[str, LedgerEntry]) -> None:
        if not gone:
            return

        def write(connection: apsw.Connection) -> None:
            for path in gone:
                store.remove_note(connection, path)

        await self._write(write)
        self._release(gone)

    async def _embed_missing(self, target: Database) -> bool:
        """Whether every chunk that was there has been embedded. Takes no lock: a vector is stored only when its chunk
        still has the text that was embedded.
        """
        self.progress.embedding_problem = None
        if self._embedding is None:
            return True
        try:
            while todo := await self._to_embed(target, limit=_BATCH_TEXTS):
                if self.progress.phase == "idle":
                    self._set_phase("embedding")
                try:
                    embeddings = await self._embedding.embed([chunk.text for chunk in todo], kind="passage")
                except SidecarError as error:
                    log.warning("embedding stopped, words still find every note: %s", error.message)
                    self.progress.embedding_problem = f"Embedding stopped: {error.message}"
                    return False
                vectors = embeddings.vectors

                def write(connection: apsw.Connection, todo: Sequence[store.ChunkToEmbed] = todo) -> None:
                    store.store_vectors(connection, todo, vectors)  # noqa: B023  # written before the next round

                await target.write(write)
                self._on_change()
        finally:
            if self.progress.phase == "embedding":
                self._set_phase("idle")
        return True

    async def _to_embed(self, target: Database, *, limit: int) -> list[store.ChunkToEmbed]:
        if self._embedding is None:
            return []
        return await target.read(lambda connection: store.chunks_to_embed(connection, limit))

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
                    merged[path] = _disputed(one, two)
        return merged

    def _set_phase(self, phase: str) -> None:
        self.progress.phase = phase
        self._on_change()


def _together(scans: Sequence[Scan]) -> Scan:
    return Scan(
        files=tuple(file for each in scans for file in each.files),
        excluded=tuple(excluded for each in scans for excluded in each.excluded),
        problems=tuple(dict.fromkeys(problem for each in scans for problem in each.problems)),
        complete=all(each.complete for each in scans),
    )


def _disputed(one: LedgerEntry | None, two: LedgerEntry | None) -> LedgerEntry:
    known = [entry for entry in (one, two) if entry is not None]
    # "indexed" when it is so anywhere: then a rule that excludes the note still has text to remove.
    chosen = next((entry for entry in known if entry.status == "indexed"), known[0])
    return replace(chosen, reason=None, file=_UNREAD)


def _moves(results: Sequence[ParseResult], lost: Mapping[str, LedgerEntry]) -> dict[str, str]:
    """For each note with the bytes of a lost one, the path that that one had."""
    by_hash: dict[bytes, list[str]] = {}
    for path, entry in lost.items():
        if entry.status == "indexed" and entry.file.content_hash:
            by_hash.setdefault(entry.file.content_hash, []).append(path)
    moves: dict[str, str] = {}
    for result in results:
        paths = by_hash.get(result.content_hash) if result.parsed is not None and result.content_hash else None
        if paths and result.path not in lost:
            moves[result.path] = paths.pop()
    return moves


def _unseen(file: VaultFile, ledger: Mapping[str, LedgerEntry]) -> bool:
    known = ledger.get(file.path)
    return known is None or known.file == _UNREAD


def _write_result(connection: apsw.Connection, result: ParseResult, moved_from: str | None) -> None:
    file = FileState(size=result.size, mtime_ns=result.mtime_ns, content_hash=result.content_hash)
    if result.missing:
        return
    if result.unchanged:
        store.touch_file(connection, result.path, file)
    elif result.parsed is None:
        reason = result.error or "not read"
        # A drive that lost its permissions must not empty the index.
        if result.unreadable and store.keep_unreadable(connection, result.path, reason):
            return
        store.record_file(connection, LedgerEntry(path=result.path, status="failed", reason=reason, file=file))
    elif (rule := result.parsed.note.withheld) is not None:
        store.record_file(connection, LedgerEntry(path=result.path, status="excluded", reason=rule, file=file))
    else:
        if moved_from is not None:
            store.rename_note(connection, moved_from, result.path)
        store.replace_note(connection, _entry(result.parsed, file))


def _entry(parsed: ParsedNote, file: FileState) -> NoteEntry:
    return NoteEntry(
        note=parsed.note,
        file=file,
        chunks=parsed.chunks,
        name_terms=parsed.name_stream,
        heading_terms=parsed.heading_streams,
        body_terms=parsed.streams,
    )


def _changed(file: VaultFile, known: LedgerEntry | None) -> bool:
    """Whether a file has to be looked at: size and time are only a hint, the hash of its bytes decides later."""
    return (
        known is None
        or known.file.content_hash is None
        or (known.file.mtime_ns, known.file.size) != (file.mtime_ns, file.size)
    )


def _newly_excluded(excluded: Excluded, known: LedgerEntry | None) -> bool:
    """A note that the cloud has taken off this disk stays searchable: its text is still the user's, only elsewhere."""
    if known is None:
        return True
    if excluded.rule == NOT_DOWNLOADED and known.status == "indexed":
        return False
    return (known.status, known.reason) != ("excluded", excluded.rule)


def _inside(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(folder.rstrip("/") + "/")


def _outermost(folders: Iterable[str]) -> list[str]:
    """The folders without those that lie inside another one of them."""
    chosen: list[str] = []
    for folder in sorted(set(folders), key=len):
        if not any(_inside(folder, outer) for outer in chosen):
            chosen.append(folder)
    return chosen
