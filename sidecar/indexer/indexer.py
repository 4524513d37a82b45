"""The indexer of one vault: compares the folder with the ledger, has changed notes parsed, stores and embeds them.

What runs here: one reconciliation at a time, under a lock. Words are stored first and vectors after, so that a note is
found by its words before a slow model has embedded it, and an interrupted run goes on where it stopped: what is missing
is always read off the index itself. Notes that vanish are only forgotten when that is believable (see `_vanished`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import SidecarError
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


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the indexer stands. `total` counts the files to be read in this run, `done` those dealt with, `unknown`
    those of the rest that the ledger has never seen; `passes` the reconciliations that reached their end.
    """

    phase: str = "waiting"
    total: int = 0
    done: int = 0
    unknown: int = 0
    passes: int = 0
    held: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether every file has been dealt with."""
        return self.passes > 0 and self.done == self.total


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
    ) -> None:
        self._root = root
        self._targets = targets
        self._parser = parser
        self._exclusions = exclusions
        self._embedding = embedding
        self._embedding_name = embedding_name
        self._on_change = on_change
        self._lock = asyncio.Lock()
        self._written = False
        self.progress = Progress()

    async def reconcile(self, *, below: Iterable[str] = ("",), accept_removals: bool = False) -> None:
        """Make the index agree with the folders `below` (vault-relative; the default is the whole vault).

        With `accept_removals` vanished notes are forgotten however many they are. Raises VaultError when the vault is
        not there at all, and then forgets nothing.
        """
        async with self._lock:
            try:
                for folder in _outermost(below):
                    self._set_phase("scanning")
                    found = await asyncio.to_thread(scan, self._root, self._exclusions(), below=folder)
                    await self._apply_scan(found, folder, accept_removals=accept_removals)
                await self._forget_replaced_text()
                self.progress.passes += 1
                await self._embed_missing()
            finally:
                self._set_phase("idle")

    async def refresh(self, paths: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Deal with files that the watcher saw change, and with folders to be scanned again."""
        async with self._lock:
            try:
                await self._apply_paths(sorted(set(paths)))
                await self._forget_replaced_text()
                if not folders:
                    await self._embed_missing()
            finally:
                self._set_phase("idle")
        if folders:
            await self.reconcile(below=sorted(set(folders)))

    async def _apply_scan(self, found: Scan, folder: str, *, accept_removals: bool) -> None:
        ledger = await self._ledger()
        here = {path: entry for path, entry in ledger.items() if _inside(path, folder)}
        self.progress.problems = list(found.problems)
        if not folder:
            self.progress.held = ()
        await self._record_excluded(found, here)
        present = {file.path for file in found.files} | {excluded.path for excluded in found.excluded}
        vanished = {path: entry for path, entry in here.items() if path not in present}
        if not found.complete or not accept_removals:
            vanished = self._believable(vanished, ledger, complete=found.complete)
        changed = [file for file in found.files if _changed(file, here.get(file.path))]
        await self._read_files(changed, ledger, vanished)
        await self._remove(vanished)

    async def _apply_paths(self, paths: Sequence[str]) -> None:
        if not paths:
            return
        ledger = await self._ledger()
        exclusions = self._exclusions()
        excluded = {path: rule for path in paths if (rule := exclusions.rule_for(path)) is not None}
        files = [VaultFile(path=path, size=-1, mtime_ns=-1) for path in paths if path not in excluded]
        vanished: dict[str, LedgerEntry] = {}
        missing = await self._read_files(files, ledger, vanished)
        gone = {path: ledger[path] for path in missing if path in ledger}
        gone |= {path: ledger[path] for path in excluded if path in ledger}
        await self._remove(self._believable(gone, ledger, complete=True))

    def _believable(
        self, vanished: Mapping[str, LedgerEntry], ledger: Mapping[str, LedgerEntry], *, complete: bool
    ) -> dict[str, LedgerEntry]:
        """What of the vanished may be forgotten. Everything is held when the folder could not be read whole, or when
        over a fifth of the notes vanish at once.
        """
        indexed = sum(entry.status == "indexed" for entry in ledger.values())
        lost = [path for path, entry in vanished.items() if entry.status == "indexed"]
        too_many = len(lost) >= _HOLD_AT_LEAST and len(lost) > _HOLD_SHARE * indexed
        if not complete:
            return {}
        if not too_many:
            self.progress.held = tuple(path for path in self.progress.held if path not in vanished)
            return dict(vanished)
        log.warning("%d notes vanished at once; they stay in the index until that is confirmed", len(lost))
        self.progress.held = tuple(sorted({*self.progress.held, *lost}))
        return {}

    async def _read_files(
        self, files: Sequence[VaultFile], ledger: Mapping[str, LedgerEntry], vanished: dict[str, LedgerEntry]
    ) -> list[str]:
        """Parse and store the files; returns those that are not there any more. A file with the bytes of a vanished
        note takes over its rows, so that moving a folder computes nothing anew.
        """
        self.progress.total, self.progress.done = len(files), 0
        self.progress.unknown = sum(file.path not in ledger for file in files)
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
                missing.extend(result.path for result in results if result.missing)
                await self._store(results, vanished)
                self.progress.done += len(batch)
                self.progress.unknown -= sum(file.path not in ledger for file in batch)
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

    async def _store(self, results: Sequence[ParseResult], vanished: dict[str, LedgerEntry]) -> None:
        by_hash = {entry.file.content_hash: path for path, entry in vanished.items() if entry.file.content_hash}
        moves = {r.path: by_hash[r.content_hash] for r in results if r.parsed is not None and r.content_hash in by_hash}

        def write(connection: apsw.Connection) -> None:
            for result in results:
                _write_result(connection, result, moves.get(result.path))

        await self._write(write)
        for old in moves.values():
            vanished.pop(old, None)

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
        for target in self._targets():
            await target.write(work)
        self._written = True

    async def _forget_replaced_text(self) -> None:
        """Empty the write-ahead logs, which still hold what notes said before they were edited, deleted or withheld."""
        if self._written:
            for target in self._targets():
                await target.checkpoint()
            self._written = False

    async def _remove(self, vanished: Mapping[str, LedgerEntry]) -> None:
        if not vanished:
            return

        def write(connection: apsw.Connection) -> None:
            for path in vanished:
                store.remove_note(connection, path)

        await self._write(write)

    async def _embed_missing(self) -> None:
        target = self._targets()[0]
        if self._embedding is not None:
            self._set_phase("embedding")
            while todo := await target.read(lambda connection: store.chunks_to_embed(connection, _BATCH_TEXTS)):
                try:
                    embeddings = await self._embedding.embed([chunk.text for chunk in todo], kind="passage")
                except SidecarError as error:
                    log.warning("embedding stopped, words still find every note: %s", error.message)
                    self.progress.problems.append(f"Embedding stopped: {error.message}")
                    return
                vectors = embeddings.vectors

                def write(connection: apsw.Connection, todo: Sequence[store.ChunkToEmbed] = todo) -> None:
                    store.store_vectors(connection, todo, vectors)  # noqa: B023  # written before the next round

                await target.write(write)
                self._on_change()
        await mark_complete(target, embedding_name=self._embedding_name)
        self._on_change()

    async def _ledger(self) -> dict[str, LedgerEntry]:
        return await self._targets()[0].read(records.ledger)

    def _set_phase(self, phase: str) -> None:
        self.progress.phase = phase
        self._on_change()


def _write_result(connection: apsw.Connection, result: ParseResult, moved_from: str | None) -> None:
    file = FileState(size=result.size, mtime_ns=result.mtime_ns, content_hash=result.content_hash)
    if result.missing:
        return
    if result.unchanged:
        store.touch_file(connection, result.path, file)
    elif result.parsed is None:
        store.record_file(
            connection, LedgerEntry(path=result.path, status="failed", reason=result.error or "not read", file=file)
        )
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
