"""An open vault: its indexes, the work on them, and the questions that can be asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from sidecar.embedding.measure import TextLimit
from sidecar.errors import VaultError
from sidecar.index import records, shelf
from sidecar.indexer.indexer import Indexer
from sidecar.indexer.pacing import Pacing
from sidecar.indexer.parsing import Parser
from sidecar.own_files import OwnFiles
from sidecar.rerank.model import RerankModel
from sidecar.retrieval.query import add_filters, parse_query
from sidecar.retrieval.retriever import Retriever
from sidecar.runtime.note_facts import known_note, note_facts
from sidecar.runtime.presence import VaultPresence
from sidecar.runtime.reading import Reading, ReadingInForce
from sidecar.runtime.shown import shown_hit, shown_related
from sidecar.runtime.trusting import keep_trust
from sidecar.runtime.upkeep import Upkeep
from sidecar.runtime.vault_indexes import VaultIndexes
from sidecar.runtime.vault_status import open_status, problems_told
from sidecar.runtime.why import why_note
from sidecar.vault.settings import VaultSettings
from sidecar.vault.staying import StayingPlaces

T = TypeVar("T")

# How far each kind of embedding is trusted beside the words, until that has been measured on the vault. The built-in
# one scores 51.6 against BM25's 68.7 on SciFact and 66.6 against 95.1 on Spanish: a helper, never the master.
_TRUST = {"builtin": 0.25}
_TRUST_MODEL = 0.4


class OpenVault:
    """One vault while the program runs. `open_vault` makes it, `aclose` ends everything it started."""

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        given: Path,
        indexes: VaultIndexes,
        reading: Reading,
        places: StayingPlaces,
        load: Callable[[VaultSettings], Reading],
        embedding_name: str,
        text_limit: TextLimit | None,
        pacing: Pacing | None = None,
        rerank: RerankModel | None = None,
        absence: VaultError | None = None,
        own_files: OwnFiles | None = None,
    ) -> None:
        """`path` is the folder that is read, `given` what the user named: the same, or an archive. What lies in one of
        the `places` stays on this machine. `load` looks at the settings anew, given those before; `text_limit` is the
        embedding model's; `absence` is what keeps the vault from being read, if anything does; `own_files` are the
        program's as they were when it started, those of now unless given.
        """
        self.name = name
        self.path = path
        self.identity = indexes.folder.name
        """What no other vault has, whatever it is called: the name of its index's folder, made of its path."""
        self.on_settled: Callable[[], None] = lambda: None
        """Called when a piece of the background work has ended: the index may say something else than before."""
        self.on_forgotten: Callable[[], None] = lambda: None
        """Called when text that a note had has left the index."""
        self._given = given
        self._indexes = indexes
        self._places = places
        self._reading = ReadingInForce(path, reading, load=load)
        self._pacing = pacing or Pacing()
        self._parser = Parser(path, rules=lambda: self._reading.now.rules, text_limit=text_limit, own_files=own_files)
        self._changed = asyncio.Event()
        self._lost_index: str | None = None
        self._lost_notes: frozenset[str] = frozenset()
        self.retriever = Retriever(
            indexes.serving,
            indexes.serving_embedding,
            vector_weight=_TRUST.get(embedding_name, _TRUST_MODEL),
            proven=embedding_name in _TRUST,
            rerank=rerank,
        )
        self.indexer = Indexer(
            path,
            targets=indexes.targets,
            parser=self._parser,
            exclusions=lambda: self._reading.now.exclusions,
            reading=lambda: self._reading.now.digest,
            flavour=lambda: self._reading.now.rules.flavour,
            places=places,
            embedding=indexes.embedding,
            embedding_name=embedding_name,
            pacing=self._pacing,
            on_change=self._changed.set,
            on_complete=self._switch,
            on_forgotten=self._forget_asides,
        )
        self._upkeep = Upkeep(
            name=name,
            path=path,
            indexes=indexes,
            indexer=self.indexer,
            reading=self._reading,
            retriever=self.retriever,
            pacing=self._pacing,
            on_settled=self._settled,
        )
        self._presence = VaultPresence(
            given, path, absence=absence, knows_notes=self._knows_notes, on_return=self._upkeep.watch_anew
        )

    def start(self) -> None:
        """Begin to index and to watch, in the background."""
        self._upkeep.start()

    async def aclose(self) -> None:
        """Stop the background work and close the indexes. Idempotent."""
        await self._upkeep.aclose()
        await self._presence.aclose()
        await self._parser.aclose()
        await self._indexes.aclose()
        # Nobody should wait for what this one has become.
        self._changed.set()

    @property
    def absence(self) -> VaultError | None:
        """Why the vault cannot be read now; `None` when it can."""
        return self._presence.absence

    @property
    def reopens(self) -> bool:
        """Whether it has to be opened anew when it is back, as an archive that is to be unpacked has."""
        return self._presence.reopens

    @property
    def problem(self) -> str | None:
        """What went wrong in the background and has not gone well since."""
        return self._upkeep.problem

    @property
    def still_reading(self) -> bool:
        """Whether files of the vault have not been read yet, and are going to be."""
        return self.absence is None and not self.indexer.progress.ready

    def index_is_gone(self) -> bool:
        """Whether the index's file has been deleted or replaced by another one. Asks the disk."""
        return self._indexes.is_gone()

    async def is_complete(self) -> bool:
        """Whether the index has once held everything. Raises IndexUnavailableError."""
        return await self._indexes.is_complete()

    def tell_rebuilding(self, reason: str) -> None:
        """Say in the status why the index is being built anew, until it is whole. What was told first stays."""
        self._lost_index = self._lost_index or reason

    @property
    def vanished(self) -> frozenset[str]:
        """The notes that vanished and of which nobody has said that they were deleted, in the index or not."""
        return self._lost_notes | {*self.indexer.progress.held}

    async def tell_lost(self, held: Collection[str]) -> None:
        """Remember which notes were held when the index before this one was lost. Raises IndexUnavailableError."""
        self._lost_notes = frozenset(held)
        await self.lost_notes()

    async def lost_notes(self) -> frozenset[str]:
        """The held notes that went with the index, and whose files have not come back: nobody knows whether they were
        deleted. Raises IndexUnavailableError.
        """
        if self._lost_notes:
            known = await self.read(partial(records.ledger, paths=self._lost_notes))
            self._lost_notes -= known.keys()
        return self._lost_notes

    async def notice_absence(self) -> None:
        """Look whether the vault can be read now. An empty folder is one that is away when notes of it are known."""
        await self._presence.look()

    async def index(self, *, accept_removals: bool, measure: bool = True) -> None:
        """Bring the index up to date once, vectors included; without `measure`, no time is spent on how far these can
        be trusted. Raises VaultError when the vault cannot be read.
        """
        await self._reading.remember(self._indexes.wanted)
        with self._pacing.ignored():
            await self.indexer.reconcile(accept_removals=accept_removals)
            self._accept_lost(accept_removals=accept_removals)
            await self.indexer.embed()
        if measure:
            await keep_trust(self._indexes, self.retriever)

    async def sync(self, *, accept_removals: bool = False) -> Mapping[str, Any]:
        """Reconcile now and give the status, in which what went wrong is shown. With `accept_removals`, notes held
        because too many vanished at once are forgotten.
        """
        done = await self._upkeep.look(accept_removals=accept_removals)
        self._accept_lost(accept_removals=accept_removals and done)
        return await self.status()

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` on the index that answers, in one snapshot of it."""
        return await self._indexes.serving().read(work)

    async def wait_changed(self) -> None:
        """Return when the indexing has moved on since the last call, or the vault is closed."""
        await self._changed.wait()
        if not self._upkeep.ended:
            self._changed.clear()
        else:
            # Who asks again and again must not hold up the end of everything else.
            await asyncio.sleep(0)

    async def search(
        self, query: str, *, limit: int = 10, filters: Mapping[str, Any] | None = None, explain: bool = False
    ) -> list[Mapping[str, Any]]:
        """Hits as JSON objects, best first. Raises RequestError for filters that do not exist."""
        hits = await self.retriever.search(add_filters(parse_query(query), filters), limit=limit)
        # A mentioned note comes whole, which is for chat to use; a list of hits is as long as was asked.
        return [shown_hit(hit, vault=self.name, explain=explain) for hit in hits[:limit]]

    async def related(self, path: str, *, limit: int = 10) -> list[Mapping[str, Any]]:
        """Other notes that belong with this one, as JSON objects: why, and whether they are linked with it already.
        Raises NoteMissingError.
        """
        note = await self.read(lambda connection: known_note(connection, path))
        return [shown_related(each, vault=self.name) for each in await self.retriever.related(note.path, limit=limit)]

    async def note(self, path: str) -> Mapping[str, Any]:
        """An indexed note with its text in pieces, its links and the links to it. Raises NoteMissingError."""
        return await self.read(partial(note_facts, path=path, vault=self.name, settings=self._reading.now.settings))

    async def why(self, path: str, query: str | None) -> Mapping[str, Any]:
        """What the ledger says of a file, and with a query why its note was or was not found."""
        exclusions = self._reading.now.exclusions
        return await why_note(path, query, read=self.read, retriever=self.retriever, exclusions=exclusions)

    async def status(self, *, lists: Container[str] = ()) -> Mapping[str, Any]:
        """Counts and problems, as in `GET /vault/status`; `lists` (`LEDGER_LISTS`) names the files as well."""
        await self.lost_notes()
        return await open_status(
            self.name,
            self._given,
            settings=self._reading.now.settings,
            indexes=self._indexes,
            progress=self.indexer.progress,
            rebuilding=lambda: self._indexes.being_replaced or self._lost_index is not None,
            problems=self._problems,
            lists=lists,
        )

    def _problems(self) -> list[str]:
        progress, reading = self.indexer.progress, self._reading.now
        return [
            *problems_told(
                (self.problem, self._lost_index),
                absence=self.absence,
                beside=(self._upkeep.watch_problem, *progress.problems),
                held=len(progress.held),
                lost=len(self._lost_notes),
            ),
            *([scan] if (scan := self.retriever.memory(self._indexes.serving()).codes.problem) else []),
            *([progress.embedding_problem] if progress.embedding_problem else []),
            *reading.settings.problems,
            *reading.exclusions.problems,
            *self._places.problems,
        ]

    def _accept_lost(self, *, accept_removals: bool) -> None:
        if accept_removals:
            self._lost_notes = frozenset()

    def _settled(self) -> None:
        self._changed.set()
        self.on_settled()

    async def _knows_notes(self) -> bool:
        return bool(await self.read(records.indexed_count))

    async def _switch(self) -> None:
        self._lost_index = None
        await self._indexes.switch()

    async def _forget_asides(self) -> None:
        """Delete damaged files kept aside: they hold text that a note had until now."""
        self.on_forgotten()
        await asyncio.to_thread(shelf.remove_asides, self._indexes.folder)
