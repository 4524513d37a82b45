"""Notes that a query names with `[[…]]`: they come whole, whatever their rank."""

from __future__ import annotations

import apsw

from sidecar.index import records
from sidecar.index.records import ChunkRecord
from sidecar.language.terms import fold
from sidecar.notes.links import LinkResolver, block_key, section_matches
from sidecar.retrieval.hit import Found, Hit
from sidecar.retrieval.query import Query

# Chunks of mentioned notes: more than any context window holds, so that a book of a note does not stall a query.
_MOST_MENTIONED = 400


def mentioned(connection: apsw.Connection, query: Query) -> list[Hit]:
    """The chunks of the notes and sections that the query mentions, in their order."""
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
        found = (Found(lane="mentions", detail=mention.name),)
        hits |= {
            c.id: Hit(chunk=c, score=1.0, link="", mentioned=True, pinned=True, found=found) for c in wanted or chunks
        }
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
