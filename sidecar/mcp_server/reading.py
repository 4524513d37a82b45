"""`read_note`: a note's text in pages, with what it is linked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError
from sidecar.mcp_server.note_text import Piece, between, headings_of, joined, page, pieces_of, under
from sidecar.mcp_server.reach import Reach
from sidecar.mcp_server.told import Told, shortened
from sidecar.protocol.mcp_inputs import ReadInput
from sidecar.protocol.mcp_outputs import LinkOut, ReadOutput

_MOST_HEADINGS = 200
_MOST_LINKS = 100
_MOST_PROPERTIES = 60
_MOST_TAGS = 100
_LONGEST = 500


async def read_note(reach: Reach, asked: ReadInput) -> Told:
    """Read a note, or the part of it that was asked for. Raises RequestError for a heading that it does not have."""
    note = await reach.note(asked.path, vault=asked.vault)
    pieces = pieces_of(note)
    shown = page(joined(_wanted(pieces, asked)), offset=asked.offset, characters=asked.characters)
    content = ReadOutput(
        path=note["path"],
        title=note["title"],
        uri=note["uri"],
        date=note["date"],
        tags=note["tags"][:_MOST_TAGS],
        properties=_properties(note["properties"]),
        headings=headings_of(pieces)[:_MOST_HEADINGS],
        text=shown.text,
        offset=shown.offset,
        next_offset=shown.next_offset,
        total_characters=shown.total,
        links=_links(note["links"]),
        linked_from=list(dict.fromkeys(link["path"] for link in note["backlinks"]))[:_MOST_LINKS],
    )
    return Told(content=content, text=_text(content))


def _wanted(pieces: Sequence[Piece], asked: ReadInput) -> Sequence[Piece]:
    if asked.heading is not None:
        pieces = under(found := pieces, asked.heading)
        if not pieces:
            known = ", ".join(shortened(each, 80) for each in headings_of(found)[:20]) or "none"
            raise RequestError(f"The note has no such heading. Its headings: {known}.", param="heading")
    if asked.first_line is None and asked.last_line is None:
        return pieces
    return between(pieces, asked.first_line, asked.last_line)


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The first ones, with long texts cut: a page of text is what `text` is for."""
    first = list(properties.items())[:_MOST_PROPERTIES]
    return {name: shortened(value, _LONGEST) if isinstance(value, str) else value for name, value in first}


def _links(links: Sequence[Mapping[str, Any]]) -> list[LinkOut]:
    told = {(link["target"], link["path"]): None for link in links if link["target"]}
    return [LinkOut(target=shortened(target, _LONGEST), path=path) for target, path in list(told)[:_MOST_LINKS]]


def _text(note: ReadOutput) -> str:
    end = note.offset + len(note.text)
    whole = note.total_characters == len(note.text)
    shown = f"{len(note.text)} characters" if whole else f"characters {note.offset}-{end} of {note.total_characters}"
    head = f"{note.title} ({note.path}, {shown})"
    more = "" if note.next_offset is None else f"\n\n[The note goes on: call again with offset {note.next_offset}.]"
    linked = [link.path for link in note.links if link.path]
    ends = [f"Links to: {', '.join(dict.fromkeys(linked))}"] if linked else []
    ends += [f"Linked from: {', '.join(note.linked_from)}"] if note.linked_from else []
    return "\n\n".join([head, note.text + more, *ends])
