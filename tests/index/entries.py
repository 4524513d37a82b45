"""Notes ready to be stored, made from a few words."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.chunking import Chunk
from sidecar.index.store import FileState, NoteEntry
from sidecar.language.terms import token_stream
from sidecar.notes.note import Note, Span


def make_entry(
    path: str,
    texts: Sequence[str],
    *,
    heading: str = "Section",
    aliases: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    properties: dict[str, str] | None = None,
) -> NoteEntry:
    title = path.rsplit("/", 1)[-1].removesuffix(".md")
    chunks = [
        Chunk(
            ordinal=ordinal,
            heading_path=(heading,),
            text=text,
            span=Span(start=0, end=len(text), start_line=ordinal + 1, end_line=ordinal + 1),
        )
        for ordinal, text in enumerate(texts)
    ]
    return NoteEntry(
        note=Note(path=path, title=title, text="", aliases=aliases, tags=tags, properties=dict(properties or {})),
        file=FileState(size=1, mtime_ns=1, content_hash=path.encode()),
        chunks=chunks,
        name_terms=token_stream(" ".join((title, *aliases))),
        heading_terms=[token_stream(heading)] * len(chunks),
        body_terms=[token_stream(text) for text in texts],
    )
