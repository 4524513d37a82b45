"""What the index knows, as the JSON objects of `/vault/…`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.citations import obsidian_uri
from sidecar.index.graph import StoredLink
from sidecar.retrieval.retriever import Hit


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
        "lexical": None if hit.lexical is None else round(hit.lexical, 4),
        "matched": hit.matched,
        "similarity": None if hit.similarity is None else round(hit.similarity, 4),
        "mentioned": hit.mentioned,
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
