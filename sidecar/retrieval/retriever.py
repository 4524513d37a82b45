"""The retriever of one vault: takes a query, asks the index by words and by vector, gives hits, best first."""

from __future__ import annotations

import heapq
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import apsw
import numpy as np

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import SidecarError
from sidecar.index import lexical, records, vectors
from sidecar.index.database import Database
from sidecar.index.graph import links_read_as
from sidecar.index.records import ChunkRecord
from sidecar.language.recognition import STOP_WORDS
from sidecar.language.terms import fold, terms
from sidecar.notes.links import LinkResolver, block_key, section_matches
from sidecar.retrieval.embeds import embedded_in
from sidecar.retrieval.query import Query, admits
from sidecar.retrieval.scoring import cosines, fuse, lexical_score, similarity_above, term_weights

log = logging.getLogger(__name__)

_LEXICAL_CANDIDATES = 60
_VECTOR_CANDIDATES = 40
_PER_NOTE = 3
# Candidates read for each hit wanted: enough that three of a note do not leave the list short.
# An image's name is short, so that each word of it weighs much; what it shows is rather said in the notes around it.
_IMAGE_SHARE = 0.5
_READ_SHARE = 4
# Chunks of mentioned notes: more than any context window holds, so that a book of a note does not stall a query.
_MOST_MENTIONED = 400
_UNLINKABLE = re.compile(r"[#|^\[\]]+|%%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a hit shows of another note that its chunk embeds. `link` leads to its section."""

    chunk: ChunkRecord
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk that answers the query. Lane values are `None` where the lane did not see it."""

    chunk: ChunkRecord
    score: float
    """In [0, 1]; means the same for every query and vault."""
    link: str
    """Wikilink target that leads to the chunk's section."""
    lexical: float | None = None
    matched: tuple[str, ...] = ()
    similarity: float | None = None
    mentioned: bool = False
    embedded: tuple[Embedded, ...] = ()
    """Text of other notes that the chunk shows in Obsidian; it has no part in the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """A query with what is computed before the index is asked."""

    query: Query
    vector: np.ndarray | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    id: int
    score: float
    lexical: float
    matched: tuple[str, ...]
    similarity: float | None


class Retriever:
    """Searches one vault's index. `vector_weight` says how far the embedding model is trusted beside the words."""

    def __init__(
        self, serving: Callable[[], Database], embedding: Callable[[], EmbeddingModel | None], *, vector_weight: float
    ) -> None:
        self._serving = serving
        self._embedding = embedding
        self._vector_weight = vector_weight

    async def search(self, query: Query, *, limit: int) -> list[Hit]:
        """Hits, best first, at most `limit` and at most three of one note; mentioned notes come whole and first."""
        while True:
            index = self._serving()
            plan = SearchPlan(query=query, vector=await self._embed(query.text), limit=limit)
            # While the vector was made, a new index may have been switched to: its vectors mean something else.
            if index is self._serving():
                return await index.read(partial(self._search, plan=plan))

    async def related(self, path: str, *, limit: int) -> list[Hit]:
        """Chunks of other notes nearest to this one, one per note."""

        def near(connection: apsw.Connection) -> list[Hit]:
            own = [chunk.id for chunk in records.chunks_of(connection, path)]
            stored = vectors.vectors_of(connection, own)
            if not stored:
                return []
            centre = np.mean(list(stored.values()), axis=0)
            length = float(np.linalg.norm(centre))
            if not length:
                return []
            found = vectors.nearest(connection, centre / length, limit=limit * _PER_NOTE + len(own), within=None)
            chunks = records.chunks_by_id(connection, [match.chunk_id for match in found])
            hits = [
                Hit(
                    chunk=chunks[match.chunk_id],
                    score=max(0.0, match.similarity),
                    link="",
                    similarity=match.similarity,
                )
                for match in found
                if match.chunk_id in chunks and chunks[match.chunk_id].note.path != path
            ]
            return _linked(connection, _limited(hits, limit=limit, per_note=1))

        return await self._serving().read(near)

    async def _embed(self, text: str) -> np.ndarray | None:
        model = self._embedding()
        if model is None or not text:
            return None
        try:
            vectors: np.ndarray = (await model.embed([text], kind="query")).vectors
        except SidecarError as error:
            # A model that is down must not take search with it: words still find notes.
            log.warning("vector search is off for this query: %s", error.message)
            return None
        vector: np.ndarray = vectors[0]
        return vector

    def _search(self, connection: apsw.Connection, plan: SearchPlan) -> list[Hit]:
        within = _admitted(connection, plan.query)
        mentioned = _mentioned(connection, plan.query)
        ranked = self._ranked(connection, plan, within)
        if not ranked and within and not terms(plan.query.text):
            ranked = _listed(connection, within, plan.limit)
        first = {hit.chunk.id for hit in mentioned}
        rest = _limited([hit for hit in ranked if hit.chunk.id not in first], limit=plan.limit, per_note=_PER_NOTE)
        return _linked(connection, _with_embeds(connection, [*mentioned, *rest]))

    def _ranked(self, connection: apsw.Connection, plan: SearchPlan, within: Sequence[int] | None) -> list[Hit]:
        scored = self._scored(connection, plan, within)
        # Only what may be shown is read whole: decoding all candidates' notes took half of a query's time.
        best = heapq.nsmallest(plan.limit * _READ_SHARE, scored, key=lambda candidate: (-candidate.score, candidate.id))
        chunks = records.chunks_by_id(connection, [candidate.id for candidate in best])
        hits = [
            Hit(
                chunk=chunks[candidate.id],
                score=candidate.score * (_IMAGE_SHARE if chunks[candidate.id].note.kind == "image" else 1.0),
                link="",
                lexical=candidate.lexical,
                matched=candidate.matched,
                similarity=candidate.similarity,
            )
            for candidate in best
        ]
        hits.sort(key=lambda hit: -hit.score)
        return _phrases_first(connection, plan.query, hits)

    def _scored(self, connection: apsw.Connection, plan: SearchPlan, within: Sequence[int] | None) -> list[_Candidate]:
        query_terms = terms(plan.query.text)
        counts = lexical.document_counts(connection, query_terms)
        found = lexical.search(connection, counts, limit=max(_LEXICAL_CANDIDATES, plan.limit * 2), within=within)
        near = _near(connection, plan, within)
        ids = list(dict.fromkeys([*found, *(match.chunk_id for match in near)]))
        similarity: dict[int, float] = {}
        if plan.vector is not None and near:
            similarity = cosines(plan.vector, vectors.vectors_of(connection, ids))
        weights = term_weights(query_terms, counts, total=lexical.chunk_count(connection), stop_words=STOP_WORDS)
        candidates = []
        for row, streams in records.streams_of(connection, ids).items():
            words, matched = lexical_score(weights, streams)
            cosine = similarity.get(row)
            vector = similarity_above(cosine or 0.0, near[-1].similarity) if near else None
            score = fuse(words, vector, vector_weight=self._vector_weight)
            candidates.append(_Candidate(id=row, score=score, lexical=words, matched=matched, similarity=cosine))
        return candidates


def _near(connection: apsw.Connection, plan: SearchPlan, within: Sequence[int] | None) -> list[vectors.VectorMatch]:
    if plan.vector is None:
        return []
    return vectors.nearest(connection, plan.vector, limit=max(_VECTOR_CANDIDATES, plan.limit), within=within)


def _admitted(connection: apsw.Connection, query: Query) -> list[int] | None:
    """Chunk ids that the filters leave, `None` without filters."""
    if not query.filtered:
        return None
    notes = records.notes(connection)
    # Brackets are also just brackets: `[sic]` is a filter only where notes have that property.
    known = {fold(key) for note in notes for key in note.properties}
    wanted = tuple((key, value) for key, value in query.properties if value is not None or fold(key) in known)
    query = replace(query, properties=wanted)
    if not query.filtered:
        return None
    return records.chunk_ids_of_notes(connection, [n.id for n in notes if admits(query, n)])


def _mentioned(connection: apsw.Connection, query: Query) -> list[Hit]:
    if not query.mentions:
        return []
    titled = records.paths_titled(connection, [mention.name for mention in query.mentions])
    hits: dict[int, Hit] = {}
    resolver: LinkResolver | None = None
    for mention in dict.fromkeys(query.mentions):
        named = titled.get(fold(mention.name), [])
        if len(named) != 1:
            # A path, an alias or a title that several notes have: rare, and worth the reading of all names, once.
            resolver = resolver or _resolver(connection)
            named = [path for path in (_path_of(resolver, mention.name),) if path]
        chunks = records.chunks_of(connection, named[0]) if named else []
        wanted = [chunk for chunk in chunks if mention.heading is None or _under(chunk, mention.heading)]
        hits |= {c.id: Hit(chunk=c, score=1.0, link="", mentioned=True) for c in wanted or chunks}
        if len(hits) >= _MOST_MENTIONED:
            break
    return list(hits.values())[:_MOST_MENTIONED]


def _resolver(connection: apsw.Connection) -> LinkResolver:
    aliases = dict(records.names(connection))
    return LinkResolver(aliases, aliases=aliases)


def _path_of(resolver: LinkResolver, name: str) -> str | None:
    return resolver.resolve(name, source="") or next(iter(resolver.mention(name)), None)


def _under(chunk: ChunkRecord, heading: str) -> bool:
    # Accents too are folded here: a question is typed by hand.
    path = [fold(above) for above in chunk.heading_path]
    if any(section_matches(fold(heading), path[:depth]) for depth in range(1, len(path) + 1)):
        return True
    return block_key(heading.rsplit("#", 1)[-1].removeprefix("^")) in map(block_key, chunk.block_ids)


def _listed(connection: apsw.Connection, within: Sequence[int], limit: int) -> list[Hit]:
    """A query of filters alone lists what they admit, the first chunk of each note, newest note first."""
    chunks = [c for c in records.chunks_by_id(connection, within).values() if c.ordinal == 0]
    chunks.sort(key=lambda chunk: (chunk.note.date or "", chunk.note.mtime_ns), reverse=True)
    return [Hit(chunk=chunk, score=1.0, link="") for chunk in chunks[:limit]]


def _phrases_first(connection: apsw.Connection, query: Query, hits: list[Hit]) -> list[Hit]:
    """Quoted phrases narrow to the chunks that have them, unless none has."""
    for phrase in query.phrases:
        words = terms(phrase)
        rows = lexical.phrase_rows(connection, words) if words else set()
        with_phrase = [hit for hit in hits if hit.chunk.id in rows]
        hits = with_phrase or hits
    return hits


def _limited(hits: Iterable[Hit], *, limit: int, per_note: int) -> list[Hit]:
    seen: Counter[int] = Counter()
    kept: list[Hit] = []
    for hit in hits:
        if len(kept) >= limit:
            break
        if hit.score <= 0 or seen[hit.chunk.note.id] >= per_note:
            continue
        seen[hit.chunk.note.id] += 1
        kept.append(hit)
    return kept


def _with_embeds(connection: apsw.Connection, hits: list[Hit]) -> list[Hit]:
    shown = embedded_in(connection, [hit.chunk for hit in hits])
    return [
        replace(hit, embedded=tuple(Embedded(chunk=chunk, link="") for chunk in shown.get(hit.chunk.id, ())))
        for hit in hits
    ]


def _linked(connection: apsw.Connection, hits: list[Hit]) -> list[Hit]:
    """Give each hit, and each text that it embeds, its wikilink target."""
    chunks = [chunk for hit in hits for chunk in (hit.chunk, *(each.chunk for each in hit.embedded))]
    titled = records.paths_titled(connection, {chunk.note.title for chunk in chunks})
    # Only Logseq links to a title that is not the file's name.
    by_title = links_read_as(connection) == "logseq"

    def target(chunk: ChunkRecord) -> str:
        alone = len(titled.get(fold(chunk.note.title), ())) < 2
        return link_target(chunk, by_path=not alone or not (by_title or _named_as_titled(chunk)))

    return [
        replace(
            hit,
            link=target(hit.chunk),
            embedded=tuple(replace(each, link=target(each.chunk)) for each in hit.embedded),
        )
        for hit in hits
    ]


def _named_as_titled(chunk: ChunkRecord) -> bool:
    stem, _, _ = chunk.note.path.rpartition("/")[2].rpartition(".")
    return stem == chunk.note.title


def link_target(chunk: ChunkRecord, *, by_path: bool) -> str:
    """Wikilink target of a chunk's section, written as Obsidian writes it: no `#|^[]` inside a heading.

    A heading that only repeats the title is left out: it is the whole note. A file that is no Markdown is named with
    its extension, a part of a file by the file's path and its own name.
    """
    note = chunk.note
    if note.kind == "row":
        return note.path
    if note.kind != "markdown":
        name = note.path if by_path else note.path.rpartition("/")[2]
    else:
        name = note.path.removesuffix(".md") if by_path else note.title
    heading = " ".join(_UNLINKABLE.sub(" ", chunk.heading_path[-1]).split()) if chunk.heading_path else ""
    if not heading or fold(heading) == fold(chunk.note.title):
        return name
    return f"{name}#{heading}"
