"""The term streams of a note's chunks: what FTS5 is given of each, made in the parser's process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.chunking import Chunk
from sidecar.language.streams import token_stream
from sidecar.notes.note import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkStreams:
    """The streams of one chunk, all stemmed in its language (ISO 639-1; "" when it was not recognised)."""

    language: str
    title: str
    """Of its note's title and aliases, the same for every chunk in one language."""
    headings: str
    tags: str
    body: str

    @property
    def length(self) -> int:
        """Number of terms in the body."""
        return len(self.body.split())


def streams_of(note: Note, chunks: Sequence[Chunk], languages: Sequence[str | None]) -> tuple[ChunkStreams, ...]:
    """The streams of a note's chunks, whose languages are given one by one."""
    # One name per line: characters of two names that happen to meet form no term.
    names, tags = "\n".join([note.title, *note.aliases]), "\n".join(note.tags)
    made: dict[str | None, tuple[str, str]] = {}
    streams = []
    for chunk, language in zip(chunks, languages, strict=True):
        if language not in made:
            made[language] = token_stream(names, language), token_stream(tags, language)
        title, tagged = made[language]
        streams.append(
            ChunkStreams(
                language=language or "",
                title=title,
                headings=token_stream("\n".join(chunk.heading_path), language),
                tags=tagged,
                body=token_stream(chunk.text, language),
            )
        )
    return tuple(streams)
