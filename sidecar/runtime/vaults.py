"""An open vault: its indexes, its indexer and watcher at work, and the questions that can be asked of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from sidecar.citations import obsidian_uri
from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import NoteMissingError, SidecarError, VaultError
from sidecar.hardware.heap import give_back
from sidecar.index import records, shelf, vectors
from sidecar.index.database import Database
from sidecar.index.graph import backlinks, link_counts, outgoing, unresolved
from sidecar.index.lexical import merge_some
from sidecar.index.schema import write_meta
from sidecar.indexer.indexer import Indexer
from sidecar.indexer.pacing import Pacing
from sidecar.indexer.parsing import Parser
from sidecar.indexer.waking import moment, slept
from sidecar.notes.properties import property_type
from sidecar.rerank.model import RerankModel
from sidecar.retrieval.query import add_filters, parse_query
from sidecar.retrieval.retriever import Retriever
from sidecar.retrieval.trust import store_trust, trust_is_due
from sidecar.runtime.ledger import ledger_facts, local_facts, unresolved_facts, why_facts
from sidecar.runtime.presence import emptied, is_empty, readable
from sidecar.runtime.reading import KIND_KEY, SETTINGS_KEY, Reading
from sidecar.runtime.shown import shown_absence, shown_found, shown_hit, shown_link, shown_related, shown_span
from sidecar.vault.rules import explain_rule
from sidecar.vault.settings import VaultSettings
from sidecar.vault.staying import StayingPlaces
from sidecar.vault.watcher import watch

log = logging.getLogger(__name__)

T = TypeVar("T")

_RECONCILE_SECONDS = 600.0
_RETRY_SECONDS = 15.0
_FORGET_SECONDS = 1.0
# How often to look whether a folder that could not be read can be: nobody tells of that.
_UNREAD_SECONDS = 60.0
# How long a disk may take to answer before it counts as away.
_LOOK_SECONDS = 5.0
# How many hits a search shows unless more are asked for, and how many `why` looks through.
_SHOWN = 10
_DEEP = 200
_TRUST_SECONDS = 60.0
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
        database: Database,
        previous: tuple[Database, EmbeddingModel | None] | None,
        reading: Reading,
        places: StayingPlaces,
        load: Callable[[VaultSettings], Reading],
        embedding: EmbeddingModel | None,
        embedding_name: str,
        text_limit: TextLimit | None,
        pacing: Pacing | None = None,
        rerank: RerankModel | None = None,
        absence: VaultError | None = None,
    ) -> None:
        """`path` is the folder that is read, `given` what the user named: the same, or an archive. What lies in one of
        the `places` stays on this machine. `load` looks at the settings anew, given those before; `text_limit` is the
        embedding model's; `absence` is what keeps the vault from being read, if anything does.
        """
        self.name = name
        self.path = path
        self._given = given
        self._database = database
        self._previous = previous
        self._embedding = embedding
        self._embedding_name = embedding_name
        self._places = places
        self._load_reading = load
        self._reading = reading
        self._pacing = pacing or Pacing()
        self._parser = Parser(path, rules=lambda: self._reading.rules, text_limit=text_limit)
        self._tasks: list[asyncio.Task[None]] = []
        self._trusting: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._stop = asyncio.Event()
        self._end_watch = asyncio.Event()
        self._to_embed = asyncio.Event()
        # Whether something is known to be missed, and whether no other index of this vault is left on the disk.
        self._behind = False
        self._alone = False
        self.absence = absence
        """Why the vault cannot be read now; `None` when it can."""
        self.reopens = absence is not None and path != given
        """Whether it has to be opened anew when it is back, as an archive that is to be unpacked has."""
        self._looking: asyncio.Task[VaultError | None] | None = None
        self._lost_index: str | None = None
        self._lost_notes: frozenset[str] = frozenset()
        self.identity = database.path.parent.name
        """What no other vault has, whatever it is called: the name of its index's folder, made of its path."""
        self._index_file = _file_at(database.path)
        self.on_settled: Callable[[], None] = lambda: None
        """Called when a piece of the background work has ended: the index may say something else than before."""
        self.on_forgotten: Callable[[], None] = lambda: None
        """Called when text that a note had has left the index."""
        self.problem: str | None = None
        self._watch_problem: str | None = None
        self.retriever = Retriever(
            self._serving,
            self._serving_embedding,
            vector_weight=_TRUST.get(embedding_name, _TRUST_MODEL),
            proven=embedding_name in _TRUST,
            rerank=rerank,
        )
        self.indexer = Indexer(
            path,
            targets=self._targets,
            parser=self._parser,
            exclusions=lambda: self._reading.exclusions,
            reading=lambda: self._reading.digest,
            flavour=lambda: self._reading.rules.flavour,
            places=places,
            embedding=embedding,
            embedding_name=embedding_name,
            pacing=self._pacing,
            on_change=self._changed.set,
            on_complete=self._switch,
            on_forgotten=self._forget_asides,
        )

    def start(self) -> None:
        """Begin to index and to watch, in the background."""
        work = (self._keep_reconciled(), self._keep_watching(), self._keep_embedded(), self._keep_forgetting())
        self._tasks = [asyncio.create_task(each) for each in work]

    async def aclose(self) -> None:
        """Stop the background work and close the indexes. Idempotent."""
        self._stop.set()
        self._end_watch.set()
        running: list[asyncio.Task[Any]] = [
            *self._tasks,
            *(t for t in (self._trusting, self._looking) if t is not None),
        ]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._tasks = []
        await self._parser.aclose()
        await self._database.aclose()
        await self._close_previous()
        # Nobody should wait for what this one has become.
        self._changed.set()

    def index_is_gone(self) -> bool:
        """Whether the index's file has been deleted or replaced by another one. Asks the disk."""
        try:
            return self._index_file is not None and _file_at(self._database.path) != self._index_file
        except OSError:
            # Whoever may not look has lost nothing: the file is still open.
            return False

    async def is_complete(self) -> bool:
        """Whether the index has once held everything. Raises IndexUnavailableError."""
        return await shelf.is_complete(self._database)

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
            known = await self._serving().read(partial(records.ledger, paths=self._lost_notes))
            self._lost_notes -= known.keys()
        return self._lost_notes

    async def notice_absence(self) -> None:
        """Look whether the vault can be read now. An empty folder is one that is away when notes of it are known."""
        if self.reopens:
            return
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_for_it())
        # A file system that hangs must not be asked again and again: each question would hold up another thread.
        done, _ = await asyncio.wait({self._looking}, timeout=_LOOK_SECONDS)
        if not done:
            self.absence = VaultError(f"The vault {self._given} does not answer.", hint="Is its drive still there?")
            return
        task, self._looking = self._looking, None
        before, self.absence = self.absence, task.result()
        if before is not None and self.absence is None:
            # Nobody watches what could not be read when watching began. A new watch begins with a look at everything.
            self._end_watch.set()

    async def _look_for_it(self) -> VaultError | None:
        # One thread for both: this is asked every few seconds for as long as the program runs.
        error, empty = await asyncio.to_thread(lambda: (readable(self._given), is_empty(self.path)))
        if error is None and empty:
            known = await self._serving().read(records.indexed_count)
            return emptied(self._given) if known else None
        return error

    async def index(self, *, accept_removals: bool, measure: bool = True) -> None:
        """Bring the index up to date once, vectors included; without `measure`, no time is spent on how far these can
        be trusted. Raises VaultError when the vault cannot be read.
        """
        await self._remember_settings()
        with self._pacing.ignored():
            await self._reconcile(accept_removals=accept_removals)
            await self.indexer.embed()
        if measure:
            await self._keep_trust()

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` on the index that answers, in one snapshot of it."""
        return await self._serving().read(work)

    async def wait_changed(self) -> None:
        """Return when the indexing has moved on since the last call, or the vault is closed."""
        await self._changed.wait()
        if not self._stop.is_set():
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
        await self._known_note(path)
        return [shown_related(each, vault=self.name) for each in await self.retriever.related(path, limit=limit)]

    async def note(self, path: str) -> Mapping[str, Any]:
        """An indexed note with its text in pieces, its links and the links to it. Raises NoteMissingError."""
        note = await self._known_note(path)
        chunks, links, back, days, tasks = await self._serving().read(
            lambda connection: (
                records.chunks_of(connection, path),
                outgoing(connection, path),
                backlinks(connection, path),
                records.dates_of(connection, note.id),
                records.tasks_of(connection, note.id),
            )
        )
        return {
            "path": note.path,
            "kind": note.kind,
            "title": note.title,
            "aliases": note.aliases,
            "tags": note.tags,
            "properties": note.properties,
            "property_types": {
                name: property_type(name, value, self._reading.settings.property_types)
                for name, value in note.properties.items()
            },
            "date": note.date,
            "date_source": note.date_source,
            "local": note.local,
            "dates": [{"day": day, "line": line} for day, line in days],
            "tasks": [{"state": task.state, "text": task.text, "line": task.line} for task in tasks],
            "uri": obsidian_uri(self.name, note.path),
            "chunks": [
                {"heading_path": c.heading_path, "text": c.text, "span": shown_span(c.start_line, c.end_line)}
                for c in chunks
            ],
            "links": [{"target": link.target, "path": link.path, **shown_link(link)} for link in links],
            "backlinks": [{"path": link.source, **shown_link(link)} for link in back],
        }

    async def why(self, path: str, query: str | None) -> Mapping[str, Any]:
        """What the ledger says of a file, and with a query why its note was or was not found."""
        ledger = await self._serving().read(records.ledger)
        answer = await asyncio.to_thread(why_facts, ledger, path)
        part = await self._serving().read(lambda connection: records.note_at(connection, path))
        if answer["status"] == "unknown" and part is not None:
            # A row: what is said of its file holds for it too, and it may have a mark of its own.
            answer = why_facts(ledger, path.rpartition("#")[0]) | {"path": path} | local_facts(part.local)
        # Hidden files are in no ledger, so their rule is asked for.
        if answer["status"] == "unknown" and (rule := self._reading.exclusions.place_rule_for(path)) is not None:
            return answer | {"status": "excluded", "reason": rule, "explanation": explain_rule(rule)}
        if query is not None and answer["status"] == "indexed":
            answer["query"] = await self._why_query(answer["path"], query)
        return answer

    async def status(self, *, lists: Container[str] = ()) -> Mapping[str, Any]:
        """Counts and problems, as in `GET /vault/status`; `lists` (`LEDGER_LISTS`) names the files as well."""
        counts = await self._database.read(records.counts)
        links = await self._database.read(link_counts)
        notable = await self._database.read(records.notable)
        missing = await self._database.read(unresolved) if "unresolved" in lists else None
        await self.lost_notes()
        progress = self.indexer.progress
        known = counts.indexed + counts.excluded + counts.failed
        return {
            "name": self.name,
            "path": str(self._given),
            "kind": self._reading.settings.kind,
            "files": known + progress.unknown,
            "indexed": counts.indexed,
            "excluded": counts.excluded,
            "failed": counts.failed,
            "local": counts.local,
            "pending": progress.unknown,
            "chunks": counts.chunks,
            "chunks_without_vector": self._waiting_for_vectors(counts),
            "embedding": {
                "model": self._embedding.name if self._embedding else None,
                "dimensions": await self._database.read(vectors.dimensions),
            },
            "links": {"resolved": links.resolved, "unresolved": links.unresolved},
            **await asyncio.to_thread(ledger_facts, notable.values(), lists=lists),
            **({} if missing is None else unresolved_facts(missing)),
            "phase": progress.phase,
            "paused": progress.paused,
            "slowed": progress.slowed,
            "ready": progress.ready,
            "rebuilding": self._previous is not None or self._lost_index is not None,
            "problems": [
                *self._problems(),
                *([scan] if (scan := self.retriever.memory(self._serving()).codes.problem) else []),
                *([progress.embedding_problem] if progress.embedding_problem else []),
                *self._reading.settings.problems,
                *self._reading.exclusions.problems,
                *self._places.problems,
            ],
        }

    async def sync(self, *, accept_removals: bool = False) -> Mapping[str, Any]:
        """Reconcile now and give the status, in which what went wrong is shown. With `accept_removals`, notes held
        because too many vanished at once are forgotten.
        """
        await self._look(accept_removals=accept_removals)
        return await self.status()

    def _waiting_for_vectors(self, counts: records.Counts) -> int:
        """How many chunks the embedding model is still to be given. One elsewhere is never given some."""
        if self._embedding is None:
            return 0
        return counts.unembedded - (0 if self._embedding.on_this_machine else counts.unembedded_local)

    def _read_settings(self) -> None:
        # A vault that is away says nothing about its settings, and must not come back without its exclusions.
        if readable(self.path) is None and not is_empty(self.path):
            self._reading = self._load_reading(self._reading.settings)

    async def _remember_settings(self) -> None:
        """Keep what decides the exclusions, for a start at which a settings file is half written."""
        if self._reading.settings.complete:
            settings = self._reading.settings

            def remember(connection: apsw.Connection) -> None:
                write_meta(connection, SETTINGS_KEY, settings.told)
                write_meta(connection, KIND_KEY, settings.kind)

            await self._database.write(remember)

    def _targets(self) -> tuple[Database, ...]:
        return (self._database,) if self._previous is None else (self._database, self._previous[0])

    def _serving(self) -> Database:
        return self._database if self._previous is None else self._previous[0]

    def _serving_embedding(self) -> EmbeddingModel | None:
        return self._embedding if self._previous is None else self._previous[1]

    async def _switch(self) -> None:
        """The wanted index is whole: serve from it, and delete all others, which nobody keeps true any longer."""
        self._lost_index = None
        if self._alone:
            return
        await self._close_previous()
        gone = await asyncio.to_thread(shelf.remove_others, self._database.path.parent, self._database.path)
        self._alone = True
        if gone:
            log.info("%s: serving from the new index, removed %d old ones", self.name, len(gone))

    async def _close_previous(self) -> None:
        if self._previous is None:
            return
        (old, model), self._previous = self._previous, None
        await old.aclose()
        if model is not None:
            await model.aclose()

    async def _look(self, *, accept_removals: bool = False) -> None:
        """Compare the whole vault with the index. Its settings come first: a vault that was away may come back with
        others, and what they exclude is not to be read.
        """
        await asyncio.to_thread(self._read_settings)
        await self._guarded(self._remember_settings)
        unread = bool(self.indexer.progress.problems)
        done = await self._guarded(partial(self._reconcile, accept_removals=accept_removals))
        self._behind = not done
        if unread and not self.indexer.progress.problems:
            self._end_watch.set()
        self._to_embed.set()
        if done:
            self.problem = None

    async def _reconcile(self, *, accept_removals: bool) -> None:
        await self.indexer.reconcile(accept_removals=accept_removals)
        if accept_removals:
            self._lost_notes = frozenset()

    async def _keep_reconciled(self) -> None:
        """Look at everything now and then, for what no event told: a machine that slept, a drive that came back. What
        failed is tried again sooner.
        """
        waited, before = 0.0, moment()
        await self._remove_asides()
        while not await self._stopped_within(_RETRY_SECONDS):
            waited += _RETRY_SECONDS
            unread = waited >= _UNREAD_SECONDS and self.indexer.progress.problems
            woke = slept(before, moment(), waited=_RETRY_SECONDS)
            due = self._behind or unread or woke or waited >= _RECONCILE_SECONDS
            if due or await self.indexer.resumes():
                waited = 0.0
                await self._look()
                await self._remove_asides()
            before = moment()

    async def _forget_asides(self) -> None:
        """Delete damaged files kept aside: they hold text that a note had until now."""
        self.on_forgotten()
        await asyncio.to_thread(shelf.remove_asides, self._database.path.parent)

    async def _remove_asides(self) -> None:
        with contextlib.suppress(OSError):
            folder = self._database.path.parent
            await asyncio.to_thread(shelf.remove_asides, folder, older_than=shelf.KEPT_SECONDS)

    async def _keep_watching(self) -> None:
        while not self._stop.is_set():
            if not await self._guarded(self._watch):
                await self._stopped_within(_RETRY_SECONDS)

    async def _keep_embedded(self) -> None:
        """Embed apart from reading: a slow model must not keep a deletion or a flag waiting."""
        while True:
            await self._to_embed.wait()
            self._to_embed.clear()
            await self._guarded(self.indexer.embed)
            if self.indexer.progress.embedding_problem:
                # A model that died or a server that is down comes back, and nothing would tell of it.
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._to_embed.set)
            # What reading and embedding took and freed is a tenth of the memory of a server that then idles.
            await asyncio.to_thread(give_back)
            if (self._trusting is None or self._trusting.done()) and await self._pacing.now() == "run":
                # Apart: with a slow model it takes a while, and a note that is saved meanwhile must not wait for it.
                self._trusting = asyncio.create_task(self._trust())

    async def _keep_forgetting(self) -> None:
        """Have deleted text leave the index's log as soon as the program is gone that kept it there by reading."""
        while True:
            await self.indexer.remembering.wait()
            if await self._stopped_within(_FORGET_SECONDS):
                return
            await self._guarded(self.indexer.forget_replaced_text)

    async def _trust(self) -> None:
        await self._guarded(self._keep_trust)

    async def _keep_trust(self) -> None:
        """Measure how far the vectors are to be trusted, where that has not been done for an index of this size."""
        index = self._serving()
        away = self._embedding is not None and not self._embedding.on_this_machine
        if index is not self._database or not await index.read(partial(trust_is_due, away=away)):
            return
        weights = await self.retriever.measure_trust(index, seconds=_TRUST_SECONDS)
        if weights is not None:
            await index.write(lambda connection: store_trust(connection, weights))
        await self._merge(index)

    async def _merge(self, index: Database) -> None:
        """Put the word lists of an index that has grown into one piece."""
        more = await index.write(partial(merge_some, first=True))
        while more:
            more = await index.write(partial(merge_some, first=False))

    async def _watch(self) -> None:
        if not self._stop.is_set():
            self._end_watch.clear()
        # The first change asks for everything, once watching has begun: what comes after it cannot be missed.
        async for changes in watch(self.path, exclusions=lambda: self._reading.exclusions, stop=self._end_watch):
            self._watch_problem = changes.problem
            if changes.everything or changes.settings_changed:
                await self._look()
            elif not await self._guarded(lambda found=changes: self.indexer.refresh(found.paths, found.folders)):  # type: ignore[misc]  # mypy cannot infer a lambda's default
                # What it told is lost now: only a look at everything makes up for it.
                self._behind = True
            else:
                self._to_embed.set()

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        return self._stop.is_set()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Run indexing work; what goes wrong is shown in the status and tried again later, never ends the watcher."""
        try:
            await work()
        except VaultError as error:
            self.problem = f"{error.message} The index is kept as it was."
            log.warning("%s: %s", self.name, error.logged)
        except SidecarError as error:
            self.problem = error.message
            log.warning("%s: indexing stopped: %s", self.name, error.logged)
        except Exception as error:  # the top of a background task: it must go on
            self.problem = f"Indexing failed: {type(error).__name__}."
            log.exception("%s: indexing failed", self.name)
        else:
            return True
        finally:
            self._changed.set()
            self.on_settled()
        return False

    def _problems(self) -> list[str]:
        told = [self.problem, self._lost_index]
        if self.absence is not None:
            hint = self.absence.hint or ""
            told.append(f"{self.absence.message} Search answers from what is known of it; nothing is forgotten. {hint}")
        else:
            # What follows from its being away is not worth saying again.
            told += [self._watch_problem, *self.indexer.progress.problems]
        problems = [problem.strip() for problem in told if problem]
        if held := self.indexer.progress.held:
            problems.append(
                f"{len(held)} notes vanished from the vault at once and are still searchable. If they were deleted on"
                " purpose, say so: `sidecar index --accept-removals`, or POST /vault/sync with accept_removals."
            )
        if self._lost_notes:
            problems.append(
                f"{len(self._lost_notes)} notes that had vanished are no longer searchable since the index was built"
                " anew; they come back with their files. If they were deleted on purpose, say so:"
                " `sidecar index --accept-removals`, or POST /vault/sync with accept_removals."
            )
        return problems

    async def _known_note(self, path: str) -> records.NoteRecord:
        note = await self._serving().read(lambda connection: records.note_at(connection, path))
        if note is None:
            raise NoteMissingError(
                f"There is no indexed note at {path!r}.", hint="`sidecar why` says what became of a file."
            )
        return note

    async def _why_query(self, path: str, query: str) -> Mapping[str, Any]:
        asked = parse_query(query)
        shown = await self.retriever.search(asked, limit=_SHOWN)
        if found := shown_found(shown, path):
            return {**found, "shown": True}
        # Beyond what a search shows: how far off the note is.
        deep = await self.retriever.search(asked, limit=_DEEP)
        note = await self._known_note(path)
        absence = shown_absence(await self.retriever.absence(asked, note, shown=shown))
        if found := shown_found(deep, path):
            return {**found, "shown": False, **absence}
        best = round(deep[-1].score, 4) if deep else None
        return {"found": False, "shown": False, "best_score_of_200": best, **absence}


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path, whatever it holds; `None` for none. Raises OSError when that cannot be told."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
