"""The background work on one open vault: it is looked through, watched, embedded, and its old text forgotten.

What runs here: four tasks. One looks at everything now and then, one follows the watcher, one embeds, one empties the
index's log when another program kept it from being emptied; and now and then a fifth, which measures. The indexer has
them take turns. What fails is told in `problem` and tried again: nothing ends a task but `aclose`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from sidecar.errors import SidecarError, VaultError
from sidecar.hardware.heap import give_back
from sidecar.index import shelf
from sidecar.indexer.indexer import Indexer
from sidecar.indexer.pacing import Pacing
from sidecar.indexer.waking import moment, slept
from sidecar.retrieval.retriever import Retriever
from sidecar.runtime.reading import ReadingInForce
from sidecar.runtime.trusting import keep_trust
from sidecar.runtime.vault_indexes import VaultIndexes
from sidecar.vault.watcher import watch

log = logging.getLogger(__name__)

_RECONCILE_SECONDS = 600.0
_RETRY_SECONDS = 15.0
_FORGET_SECONDS = 1.0
# How often to look whether a folder that could not be read can be: nobody tells of that.
_UNREAD_SECONDS = 60.0


class Upkeep:
    """Keeps the indexes of one vault true to it for as long as it is open."""

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        indexes: VaultIndexes,
        indexer: Indexer,
        reading: ReadingInForce,
        retriever: Retriever,
        pacing: Pacing,
        on_settled: Callable[[], None],
    ) -> None:
        """`on_settled` is called when a piece of the work has ended, well or not."""
        self.problem: str | None = None
        """What went wrong last and has not gone well since."""
        self.watch_problem: str | None = None
        self._name = name
        self._path = path
        self._indexes = indexes
        self._indexer = indexer
        self._reading = reading
        self._retriever = retriever
        self._pacing = pacing
        self._on_settled = on_settled
        self._tasks: list[asyncio.Task[None]] = []
        self._trusting: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._end_watch = asyncio.Event()
        self._to_embed = asyncio.Event()
        # Whether something is known to be missed.
        self._behind = False

    def start(self) -> None:
        """Begin, in the background."""
        work = (self._keep_reconciled(), self._keep_watching(), self._keep_embedded(), self._keep_forgetting())
        self._tasks = [asyncio.create_task(each) for each in work]

    async def aclose(self) -> None:
        """Stop all of it. Idempotent."""
        self._stop.set()
        self._end_watch.set()
        running = [*self._tasks, *([self._trusting] if self._trusting is not None else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._tasks = []

    @property
    def ended(self) -> bool:
        """Whether `aclose` was called."""
        return self._stop.is_set()

    def watch_anew(self) -> None:
        """Nobody watches what could not be read when watching began. A new watch begins with a look at everything."""
        self._end_watch.set()

    async def look(self, *, accept_removals: bool = False) -> bool:
        """Compare the whole vault with the index; whether that went well. Its settings come first: a vault that was
        away may come back with others, and what they exclude is not to be read.
        """
        await asyncio.to_thread(self._reading.renew)
        await self._guarded(partial(self._reading.remember, self._indexes.wanted))
        unread = bool(self._indexer.progress.problems)
        done = await self._guarded(partial(self._indexer.reconcile, accept_removals=accept_removals))
        self._behind = not done
        if unread and not self._indexer.progress.problems:
            self._end_watch.set()
        self._to_embed.set()
        if done:
            self.problem = None
        return done

    async def _keep_reconciled(self) -> None:
        """Look at everything now and then, for what no event told: a machine that slept, a drive that came back. What
        failed is tried again sooner.
        """
        waited, before = 0.0, moment()
        await self._remove_asides()
        while not await self._stopped_within(_RETRY_SECONDS):
            waited += _RETRY_SECONDS
            unread = waited >= _UNREAD_SECONDS and self._indexer.progress.problems
            woke = slept(before, moment(), waited=_RETRY_SECONDS)
            due = self._behind or unread or woke or waited >= _RECONCILE_SECONDS
            if due or await self._indexer.resumes():
                waited = 0.0
                await self.look()
                await self._remove_asides()
            before = moment()

    async def _remove_asides(self) -> None:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(shelf.remove_asides, self._indexes.folder, older_than=shelf.KEPT_SECONDS)

    async def _keep_watching(self) -> None:
        while not self._stop.is_set():
            if not await self._guarded(self._watch):
                await self._stopped_within(_RETRY_SECONDS)

    async def _watch(self) -> None:
        if not self._stop.is_set():
            self._end_watch.clear()
        # The first change asks for everything, once watching has begun: what comes after it cannot be missed.
        async for changes in watch(self._path, exclusions=lambda: self._reading.now.exclusions, stop=self._end_watch):
            self.watch_problem = changes.problem
            if changes.everything or changes.settings_changed:
                await self.look()
            elif not await self._guarded(partial(self._indexer.refresh, changes.paths, changes.folders)):
                # What it told is lost now: only a look at everything makes up for it.
                self._behind = True
            else:
                self._to_embed.set()

    async def _keep_embedded(self) -> None:
        """Embed apart from reading: a slow model must not keep a deletion or a flag waiting."""
        while True:
            await self._to_embed.wait()
            self._to_embed.clear()
            await self._guarded(self._indexer.embed)
            if self._indexer.progress.embedding_problem:
                # A model that died or a server that is down comes back, and nothing would tell of it.
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._to_embed.set)
            # What reading and embedding took and freed is a tenth of the memory of a server that then idles.
            await asyncio.to_thread(give_back)
            if (self._trusting is None or self._trusting.done()) and await self._pacing.now() == "run":
                # Apart: with a slow model it takes a while, and a note that is saved meanwhile must not wait for it.
                self._trusting = asyncio.create_task(self._trust())

    async def _trust(self) -> None:
        await self._guarded(partial(keep_trust, self._indexes, self._retriever))

    async def _keep_forgetting(self) -> None:
        """Have deleted text leave the index's log as soon as the program is gone that kept it there by reading."""
        while True:
            await self._indexer.remembering.wait()
            if await self._stopped_within(_FORGET_SECONDS):
                return
            await self._guarded(self._indexer.forget_replaced_text)

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        return self._stop.is_set()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Run indexing work; what goes wrong is shown in the status and tried again later, never ends a task."""
        try:
            await work()
        except VaultError as error:
            self._tell(f"{error.message} The index is kept as it was.", error)
        except SidecarError as error:
            self._tell(f"{error.message} {error.hint or ''}".strip(), error)
        except Exception as error:  # the top of a background task: it must go on
            self.problem = f"Indexing failed: {type(error).__name__}."
            log.exception("%s: indexing failed", self._name)
        else:
            return True
        finally:
            self._on_settled()
        return False

    def _tell(self, problem: str, error: SidecarError) -> None:
        # Once: what lasts is tried again every few seconds, and would be a day's log.
        if problem != self.problem:
            log.warning("%s: indexing stopped: %s", self._name, error.logged)
        self.problem = problem
