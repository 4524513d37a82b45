"""`search_notes` and `related_notes`: passages, best first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sidecar.mcp_server.reach import Reach
from sidecar.mcp_server.told import Told, place, shortened
from sidecar.protocol.mcp_inputs import RelatedInput, SearchInput
from sidecar.protocol.mcp_outputs import PassageFound, RelatedNote, RelatedOutput, SearchOutput

_RELATED_SNIPPET = 300
_MOST_TAGS = 30
_UNFINISHED = "Notes are still being read: some may be missing. Ask again in a while."


async def find_passages(reach: Reach, asked: SearchInput) -> Told:
    """Search a vault."""
    body = {"query": asked.query, "limit": asked.limit, "filters": _filters(asked)}
    found = (await reach.search(body, vault=asked.vault))["results"]
    results = [PassageFound(**_passage(result, asked.snippet_characters)) for result in found]
    complete = await reach.ready()
    return Told(
        content=SearchOutput(results=results, index_complete=complete),
        text=_text(results, none="Nothing in the notes matches.", complete=complete),
    )


async def find_related(reach: Reach, asked: RelatedInput) -> Told:
    """List what belongs with a note."""
    found = (await reach.related(asked.path, vault=asked.vault, limit=asked.limit))["results"]
    results = [
        RelatedNote(
            **_passage(result, _RELATED_SNIPPET),
            links_to=result["links_to"],
            linked_from=result["linked_from"],
            reasons=[lane["lane"] for lane in result["why"]["lanes"]],
        )
        for result in found
    ]
    complete = await reach.ready()
    return Told(
        content=RelatedOutput(results=results, index_complete=complete),
        text=_text(results, none="No other note belongs with it.", complete=complete),
    )


def _filters(asked: SearchInput) -> dict[str, Any] | None:
    filters = {"path": asked.path_contains, "tags": asked.tags, "after": asked.after, "before": asked.before}
    return {name: value for name, value in filters.items() if value} or None


def _passage(result: Mapping[str, Any], most: int) -> dict[str, Any]:
    return {
        "path": result["path"],
        "title": result["title"],
        "heading_path": result["heading_path"],
        "snippet": shortened(result["text"], most),
        "first_line": result["span"]["start_line"],
        "last_line": result["span"]["end_line"],
        "score": result["score"],
        "uri": result["uri"],
        "tags": result["tags"][:_MOST_TAGS],
        "modified": _day(result["modified"]),
    }


def _day(seconds: float) -> str:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        # A file's time may be anything.
        return ""


def _text(results: Iterable[PassageFound], *, none: str, complete: bool) -> str:
    entries = [_entry(number, result) for number, result in enumerate(results, 1)]
    return "\n\n".join([*(entries or [none]), *([] if complete else [_UNFINISHED])])


def _entry(number: int, result: PassageFound) -> str:
    where = " › ".join([result.title, *(each for each in result.heading_path if each != result.title)])
    spot = place(result.path, result.first_line, result.last_line)
    return f"{number}. {where} ({spot}, score {result.score:.2f})\n{result.snippet}"
