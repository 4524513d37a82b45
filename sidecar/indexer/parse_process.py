"""One parsing process: started when there is something to read, and what becomes of a file that it fails on.

A piece of work is one frame to the process; each of its files comes back in a frame of its own, in order, so that a
process that dies or hangs names the file that it did so on. That file is tried once more in a new process, without the
Markdown parser if it took too long, and then given up as an error; the rest of the piece goes on. Missing on purpose:
memory of such files across batches, which is the ledger's.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Sequence
from dataclasses import replace

from sidecar.embedding.measure import TextLimit
from sidecar.errors import WorkerCrashedError, WorkerError, WorkerTimeoutError
from sidecar.indexer.parse_result import QUARANTINED, ParseJob, ParseRequest, ParseResult, load_result
from sidecar.own_files import OwnFiles, child_command
from sidecar.worker import Worker

log = logging.getLogger(__name__)

READY = b"ready"
"""The worker's first frame. What comes before it is the worker's trouble, what comes after it a file's."""
COUNTING = b"counting"
"""The worker's second frame: it has opened the tokenizer that it was told, or does without."""
DEFAULT_MEMORY = 2 * 2**30
"""Bytes of address space. A 32 MiB note of ordinary text needs about a quarter of it."""
_START_DEADLINE = 60.0
_SMALL = 64 * 2**10
"""Bytes of a frame that is read on the spot: it takes a millisecond at most, and a thread for each note doubles what a
batch costs this process."""


class ParseProcess:
    """One worker process. One call of `read` at a time."""

    def __init__(
        self, command: Sequence[str], *, own_files: OwnFiles, deadline: float, text_limit: TextLimit | None
    ) -> None:
        """`own_files` are the program's, as they were when it started."""
        self._own_files = own_files
        self._command = command
        self._deadline = deadline
        self._text_limit = text_limit
        self._worker: Worker | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id; `None` when none runs."""
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    async def read(self, request: ParseRequest) -> list[ParseResult]:
        """One result per job, in their order. Raises WorkerError when no process can be started, or after `close`."""
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
        await asyncio.to_thread(self._own_files.require_same)
        if self._closed:
            raise WorkerError("The parser has been closed.")
        self._worker = await Worker.start(self._command, name="parser")
        if await self._worker.receive(timeout=_START_DEADLINE) != READY:
            raise WorkerCrashedError("The parser process wrote garbage when it started.")
        return self._worker

    async def _told_limit(self, worker: Worker) -> Worker:
        await worker.send(pickle.dumps(self._text_limit))
        if await worker.receive(timeout=_START_DEADLINE) != COUNTING:
            raise WorkerCrashedError("The parser process wrote garbage when it started.")
        return worker


def worker_command(*, memory: int = DEFAULT_MEMORY) -> list[str]:
    """Command line of the worker; `memory` is its cap in bytes, where the system has one."""
    return child_command(f"from sidecar.indexer.parse_worker import main; main(memory={memory})")


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
