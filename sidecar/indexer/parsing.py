"""The parent's side of parsing: worker processes that read files for the indexer, started on demand.

What runs here: one batch at a time, under a lock. A large batch is cut into pieces, and each process takes the next one
when it is done with its last, so that all stay busy; the results are put back into the order of the jobs. A piece is
one frame to the worker; each of its files comes back in a frame of its own, in order, so that a worker that dies or
hangs names the file that it did so on. That file is tried once more in a new process, without the Markdown parser if it
took too long, and then given up as an error; the rest of the piece, and the other process, go on. Missing on purpose:
memory of such files across batches, which is the ledger's.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
import logging
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sidecar
from sidecar.chunking import Chunk
from sidecar.embedding.measure import TextLimit
from sidecar.errors import WorkerCrashedError, WorkerError, WorkerTimeoutError
from sidecar.index.streams import ChunkStreams
from sidecar.notes.note import Block, Callout, DateMention, Footnote, InlineField, Link, Note, Problem, Span, Task
from sidecar.notes.rules import ReadingRules
from sidecar.worker import Worker

log = logging.getLogger(__name__)

READY = b"ready"
"""The worker's first frame. What comes before it is the worker's trouble, what comes after it a file's."""
COUNTING = b"counting"
"""The worker's second frame: it has opened the tokenizer that it was told, or does without."""
QUARANTINED = bytes(16)
"""What stands for the hash of a file that the parser did not survive, twice."""
DEFAULT_MEMORY = 2 * 2**30
"""Bytes of address space. A 32 MiB note of ordinary text needs about a quarter of it."""
_START_DEADLINE = 60.0
_ALONE = 16
"""Files that one process reads alone: starting another takes as long as reading some hundred notes."""
_SMALL = 64 * 2**10
"""Bytes of a frame that is read on the spot: it takes a millisecond at most, and a thread for each note doubles what a
batch costs this process."""
_PIECE = 4
"""Files in a piece. Smaller ones wait for their frames, larger ones leave a process idle at the end of a batch."""
# The package's own folder is added by name, at the end, so that the worker starts however this process found it; -P
# keeps the current folder, which may be the vault, off the import path.
_BOOTSTRAP = (
    "import sys; sys.path.append({root!r}); from sidecar.indexer.parse_worker import main; main(memory={memory})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseJob:
    """One file to be read. `known_hash` is the content hash that the index has, `None` when it has none; size and time
    are what the file had when it was found.
    """

    path: str
    known_hash: bytes | None
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseRequest:
    """What goes to the worker: one batch, and how to read it."""

    root: str
    jobs: tuple[ParseJob, ...]
    rules: ReadingRules
    max_bytes: int
    plain: bool
    """Leave the Markdown parser out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedNote:
    """A note ready to be stored. Its `text` and `blocks` are empty: what is needed of them is in the chunks.

    A withheld note keeps its path, title and problems and nothing else.
    """

    note: Note
    chunks: tuple[Chunk, ...]
    streams: tuple[ChunkStreams, ...]
    """The term streams of each chunk."""
    parts: tuple[ParsedNote, ...] = ()
    """The notes inside the file, such as the rows of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What became of one file: exactly one of `unchanged`, `missing`, `parsed` and `error` says so."""

    path: str
    content_hash: bytes | None = None
    """BLAKE2b of the file's bytes, 16 bytes long; `None` when they could not be read."""
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    unchanged: bool = False
    parsed: ParsedNote | None = None
    error: str | None = None
    unreadable: bool = False
    """With `error`: the file could not be read at all, which says nothing about what stands in it."""
    missing: bool = False


class Parser:
    """Reads files of one vault in worker processes, which are stopped after `idle_seconds` without work."""

    def __init__(
        self,
        root: Path,
        *,
        rules: Callable[[], ReadingRules],
        text_limit: TextLimit | None = None,
        workers: int = 2,
        deadline: float = 45.0,
        idle_seconds: float = 20.0,
        max_bytes: int = 32 * 2**20,
        memory: int = DEFAULT_MEMORY,
        command: Sequence[str] | None = None,
    ) -> None:
        """`rules` is asked at each batch; `text_limit` is how long a chunk may be, `None` as long as it likes;
        `deadline` is in seconds per file.

        There are never more `workers` than processors that this process may use; `command` replaces their command line.
        """
        self._root = root
        self._rules = rules
        self._idle_seconds = idle_seconds
        self._max_bytes = max_bytes
        chosen = list(command) if command is not None else worker_command(memory=memory)
        count = max(1, min(workers, _processors()))
        self._processes = [_Process(chosen, deadline=deadline, text_limit=text_limit) for _ in range(count)]
        self._lock = asyncio.Lock()
        self._idle: asyncio.Task[None] | None = None

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that run."""
        return tuple(pid for process in self._processes if (pid := process.pid) is not None)

    async def parse(self, jobs: Sequence[ParseJob], *, alone: bool = False) -> list[ParseResult]:
        """Read the files, one result per job and in their order; `alone` has one process do it. A file that fails is a
        result with `error`.

        Raises WorkerError when a worker itself cannot be started, or after `aclose`.
        """
        async with self._lock:
            self._cancel_idle()
            try:
                return await self._parse_all(jobs, alone=alone)
            except BaseException:
                # Cancelled between two frames: the next batch would be given this one's answers.
                await self._discard()
                raise
            finally:
                if self.worker_pids:
                    self._idle = asyncio.create_task(self._stop_when_idle())

    async def aclose(self) -> None:
        """Stop the workers; a batch under way fails with WorkerError. Idempotent."""
        for process in self._processes:
            process.close()
        async with self._lock:
            self._cancel_idle()
            await self._discard()

    async def _parse_all(self, jobs: Sequence[ParseJob], *, alone: bool) -> list[ParseResult]:
        request = ParseRequest(
            root=str(self._root), jobs=tuple(jobs), rules=self._rules(), max_bytes=self._max_bytes, plain=False
        )
        if alone or len(jobs) <= _ALONE or len(self._processes) == 1:
            return await self._processes[0].read(request)
        pieces = [request.jobs[start : start + _PIECE] for start in range(0, len(jobs), _PIECE)]
        found: dict[int, list[ParseResult]] = {}
        following = iter(enumerate(pieces))

        async def work(process: _Process) -> None:
            for number, piece in following:
                found[number] = await process.read(replace(request, jobs=piece))

        try:
            async with asyncio.TaskGroup() as group:
                for process in self._processes:
                    group.create_task(work(process))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [result for number in range(len(pieces)) for result in found[number]]

    async def _discard(self) -> None:
        for process in self._processes:
            await process.discard()

    async def _stop_when_idle(self) -> None:
        await asyncio.sleep(self._idle_seconds)
        self._idle = None
        # All at once: a batch that begins while one is being stopped must find none of them.
        for worker in [process.take() for process in self._processes]:
            if worker is not None:
                await worker.stop()

    def _cancel_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


class _Process:
    """One worker process, started when there is something to read, and what becomes of a file that it fails on."""

    def __init__(self, command: Sequence[str], *, deadline: float, text_limit: TextLimit | None) -> None:
        self._command = command
        self._deadline = deadline
        self._text_limit = text_limit
        self._worker: Worker | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    async def read(self, request: ParseRequest) -> list[ParseResult]:
        """One result per job, in their order."""
        jobs = request.jobs
        results: list[ParseResult] = []
        culprit = -1
        plain = False
        while (number := len(results)) < len(jobs):
            worker = await self._started()
            pending = jobs[number : number + 1] if plain else jobs[number:]
            try:
                await self._exchange(worker, replace(request, jobs=pending, plain=plain), results)
                plain = False
            except (WorkerCrashedError, WorkerTimeoutError) as error:
                await self.discard()
                if self._closed:
                    raise
                number = len(results)
                second = number == culprit
                if second:
                    results.append(_given_up(jobs[number], error))
                # What crashed may have been killed for nothing that it did; what took too long will do so again.
                culprit, plain = number, isinstance(error, WorkerTimeoutError) and not second
        return results

    def close(self) -> None:
        """Kill the worker and start none again; `discard` still has to be awaited."""
        self._closed = True
        if self._worker is not None:
            self._worker.kill()

    def take(self) -> Worker | None:
        """Hand over the worker, which is then the caller's to stop."""
        worker, self._worker = self._worker, None
        return worker

    async def discard(self) -> None:
        """Kill the worker, whatever it does."""
        if (worker := self.take()) is not None:
            # Killing one that is dead would take its exit code from asyncio, which logs that as a mishap.
            if worker.alive:
                worker.kill()
            await worker.stop()

    async def _exchange(self, worker: Worker, request: ParseRequest, results: list[ParseResult]) -> None:
        await worker.send(pickle.dumps(request))
        for job in request.jobs:
            frame = await worker.receive(timeout=self._deadline)
            result = load_result(frame) if len(frame) <= _SMALL else await asyncio.to_thread(load_result, frame)
            if result.path != job.path:
                raise WorkerCrashedError("The parser answered for another file.")
            results.append(result)

    async def _started(self) -> Worker:
        if self._closed:
            raise WorkerError("The parser has been closed.")
        if self._worker is not None and self._worker.alive:
            return self._worker
        worker = await self._start()
        try:
            return await self._told_limit(worker)
        except (WorkerCrashedError, WorkerTimeoutError) as error:
            if self._text_limit is None or self._text_limit.tokenizer == "estimate":
                raise
            # llama.cpp may end its process over a damaged vocabulary. Without a tokenizer, chunks are still made.
            log.warning("the embedding model's tokens cannot be counted, their number is estimated: %s", error.logged)
            self._text_limit = TextLimit(most=self._text_limit.most)
        return await self._told_limit(await self._start())

    async def _start(self) -> Worker:
        await self.discard()
        self._worker = await Worker.start(self._command, name="parser")
        if await self._worker.receive(timeout=_START_DEADLINE) != READY:
            raise WorkerCrashedError("The parser process wrote garbage when it started.")
        return self._worker

    async def _told_limit(self, worker: Worker) -> Worker:
        await worker.send(pickle.dumps(self._text_limit))
        if await worker.receive(timeout=_START_DEADLINE) != COUNTING:
            raise WorkerCrashedError("The parser process wrote garbage when it started.")
        return worker


def _processors() -> int:
    """How many processors this process may use; on systems that do not tell, how many there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def worker_command(*, memory: int = DEFAULT_MEMORY) -> list[str]:
    """Command line of the worker; `memory` is its cap in bytes, where the system has one."""
    root = str(Path(sidecar.__file__).parent.parent)
    return [sys.executable, "-P", "-c", _BOOTSTRAP.format(root=root, memory=memory)]


def _given_up(job: ParseJob, error: WorkerError) -> ParseResult:
    what = "timed out" if isinstance(error, WorkerTimeoutError) else "crashed"
    return ParseResult(
        path=job.path,
        # Not to be tried again before the file changes: it would hold up every look at the vault.
        content_hash=QUARANTINED,
        size=job.size,
        mtime_ns=job.mtime_ns,
        ctime_ns=job.ctime_ns,
        error=f"The parser {what} on this note twice; it is tried again when the note changes. {error.message}",
    )


_ALLOWED = {
    (cls.__module__, cls.__qualname__): cls
    for cls in (
        ParseResult,
        ParsedNote,
        Chunk,
        ChunkStreams,
        Note,
        Block,
        Callout,
        DateMention,
        Footnote,
        InlineField,
        Link,
        Problem,
        Span,
        Task,
        dt.date,
    )
}


class _ResultUnpickler(pickle.Unpickler):
    """Builds results and nothing else: the worker reads hostile files and is trusted no further than that."""

    def find_class(self, module: str, name: str) -> object:
        with contextlib.suppress(KeyError):
            return _ALLOWED[module, name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a result")


def load_result(frame: bytes) -> ParseResult:
    """Read one of the worker's frames. Raises WorkerCrashedError when it is not a result."""
    try:
        result = _ResultUnpickler(io.BytesIO(frame)).load()
    except Exception as error:  # the pickle machinery documents no closed list
        raise WorkerCrashedError("The parser process wrote garbage.") from error
    if not isinstance(result, ParseResult):
        raise WorkerCrashedError("The parser process wrote garbage.")
    return result
