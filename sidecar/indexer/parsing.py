"""The parent's side of parsing: worker processes that read files for the indexer, started on demand.

What runs here: one batch at a time, under a lock. A large batch is cut into pieces, and each process takes the next one
when it is done with its last, so that all stay busy; the results are put back into the order of the jobs. A file that
ends its process holds up neither the rest of its piece nor the other process.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sidecar.embedding.measure import TextLimit
from sidecar.indexer.parse_process import DEFAULT_MEMORY, ParseProcess, worker_command
from sidecar.indexer.parse_result import ParseJob, ParseRequest, ParseResult
from sidecar.notes.rules import ReadingRules
from sidecar.own_files import OwnFiles

_ALONE = 16
"""Files that one process reads alone: starting another takes as long as reading some hundred notes."""
_PIECE = 4
"""Files in a piece. Smaller ones wait for their frames, larger ones leave a process idle at the end of a batch."""


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
        own_files: OwnFiles | None = None,
    ) -> None:
        """`rules` is asked at each batch; `text_limit` is how long a chunk may be, `None` as long as it likes;
        `deadline` is in seconds per file.

        There are never more `workers` than processors that this process may use; `command` replaces their command line,
        and `own_files` says of which version they are: that of now unless given.
        """
        self._root = root
        self._rules = rules
        self._idle_seconds = idle_seconds
        self._max_bytes = max_bytes
        chosen = list(command) if command is not None else worker_command(memory=memory)
        count = max(1, min(workers, _processors()))
        files = own_files or OwnFiles()
        self._processes = [
            ParseProcess(chosen, own_files=files, deadline=deadline, text_limit=text_limit) for _ in range(count)
        ]
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

        async def work(process: ParseProcess) -> None:
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


def _processors() -> int:
    """How many processors this process may use; on systems that do not tell, how many there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
