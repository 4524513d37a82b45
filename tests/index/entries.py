"""Notes ready to be stored, made from a few words or from the Markdown of a whole note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sidecar.chunking import Chunk, chunk_note
from sidecar.index.lexical import SearchedWord
from sidecar.index.store import FileState, NoteEntry
from sidecar.index.streams import streams_of
from sidecar.notes.note import Note, Span
from sidecar.notes.reading import read_note


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
    note = Note(path=path, title=title, text="", aliases=aliases, tags=tags, properties=dict(properties or {}))
    return entry_of(note, chunks)


def read_entry(path: str, markdown: str) -> NoteEntry:
    """What the index is given for a note that is written like this."""
    note = read_note(path, markdown.encode("utf-8"))
    return entry_of(note, chunk_note(note))


def table_entry(path: str, rows: dict[str, str]) -> NoteEntry:
    """A table of rows, by name, with the text of each as Markdown."""
    title = path.rpartition("/")[2].rpartition(".")[0]
    parts = []
    for name, markdown in rows.items():
        note = replace(read_note("row.md", markdown.encode("utf-8")), path=f"{path}#{name}", title=name, kind="row")
        parts.append(entry_of(note, chunk_note(note)))
    return replace(entry_of(Note(path=path, title=title, text="", kind="table"), []), parts=parts)


def entry_of(note: Note, chunks: Sequence[Chunk], *, language: str | None = None) -> NoteEntry:
    return NoteEntry(
        note=note,
        file=FileState(size=1, mtime_ns=1, content_hash=note.path.encode()),
        chunks=chunks,
        streams=streams_of(note, chunks, [language] * len(chunks)),
    )


def searched(terms: Sequence[str]) -> list[SearchedWord]:
    """Words as they are searched for, each in one spelling."""
    return [SearchedWord(variants=(term,), prefix=False, count=1) for term in terms]
