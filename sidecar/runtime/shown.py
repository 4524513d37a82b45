"""What the index knows, as the JSON objects of `/vault/…`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.citations import obsidian_uri
from sidecar.index.graph import StoredLink
from sidecar.retrieval.explain import Absence
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.related import Related


def shown_hit(hit: Hit, *, vault: str, explain: bool) -> Mapping[str, Any]:
    """One result of a search."""
    chunk = hit.chunk
    result: dict[str, Any] = {
        "path": chunk.note.path,
        "title": chunk.note.title,
        "heading_path": chunk.heading_path,
        "text": chunk.text,
        "score": round(hit.score, 4),
        "span": shown_span(chunk.start_line, chunk.end_line),
        "uri": obsidian_uri(vault, chunk.note.path, chunk.heading_path),
        "link": hit.link,
        "embeds": _embeds(hit),
        "tags": chunk.note.tags,
        "properties": chunk.note.properties,
        "modified": chunk.note.mtime_ns // 1_000_000_000,
    }
    return result | {"why": shown_score(hit)} if explain else result


def shown_score(hit: Hit) -> dict[str, Any]:
    """How a hit came by its score."""
    return {
        "score": round(hit.score, 4),
        "lexical": _rounded(hit.lexical),
        "matched": hit.matched,
        "similarity": _rounded(hit.similarity),
        "vector_weight": _rounded(hit.vector_weight),
        "mentioned": hit.mentioned,
        "lanes": [{"lane": each.lane, "rank": each.rank, "detail": each.detail} for each in hit.found],
    }


def shown_related(related: Related, *, vault: str) -> Mapping[str, Any]:
    """One related note, with why it is one; `linked` is either of the other two."""
    return {
        **shown_hit(related.hit, vault=vault, explain=True),
        "linked": related.linked,
        "links_to": related.links_to,
        "linked_from": related.linked_from,
    }


def shown_found(hits: Sequence[Hit], path: str) -> dict[str, Any] | None:
    """Where a note comes among hits, by its best piece, and how many of its pieces do; `None` when it does not."""
    places = [place for place, hit in enumerate(hits) if hit.chunk.note.path == path]
    if not places:
        return None
    return {"found": True, "rank": places[0] + 1, "pieces": len(places), **shown_score(hits[places[0]])}


def shown_absence(absence: Absence) -> dict[str, Any]:
    """Why a note is not shown, lane by lane."""
    return {
        "reasons": [{"code": reason.code, "message": reason.message} for reason in absence.reasons],
        "filters": list(absence.filters),
        "words": [
            {
                "word": word.word,
                "chunks": word.chunks,
                "notes": word.notes,
                "in_note": word.in_note,
                "searched": word.searched,
            }
            for word in absence.words
        ],
        "matched": [word.word for word in absence.words if word.in_note],
        "lexical": _rounded(absence.lexical),
        "words_rank": absence.words_rank,
        "similarity": _rounded(absence.similarity),
        "vector_rank": absence.vector_rank,
    }


def shown_span(start_line: int, end_line: int) -> dict[str, int]:
    """Where a piece of a note stands."""
    return {"start_line": start_line, "end_line": end_line}


def shown_link(link: StoredLink) -> dict[str, Any]:
    """What of its place in a note and in its target a link tells."""
    return {
        "heading": link.heading,
        "block": link.block,
        "alias": link.alias,
        "embed": link.embed,
        "line": link.line,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _embeds(hit: Hit) -> list[dict[str, Any]]:
    """What a hit shows of other notes, as in a search's results."""
    return [
        {
            "path": each.chunk.note.path,
            "heading_path": each.chunk.heading_path,
            "text": each.chunk.text,
            "span": shown_span(each.chunk.start_line, each.chunk.end_line),
            "link": each.link,
        }
        for each in hit.embedded
    ]
