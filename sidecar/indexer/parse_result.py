"""What is asked of a parsing process and what it answers; its answers are read as what a hostile file may have made."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import pickle
from dataclasses import dataclass

from sidecar.chunking import Chunk
from sidecar.errors import WorkerCrashedError
from sidecar.index.streams import ChunkStreams
from sidecar.notes.note import Block, Callout, DateMention, Footnote, InlineField, Link, Note, Problem, Span, Task
from sidecar.notes.rules import ReadingRules

QUARANTINED = bytes(16)
"""What stands for the hash of a file that the parser did not survive, twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseJob:
    """One file to be read. `known_hash` is the content hash that the index has, `None` when it has none; size and time
    are what the file had when it was found.
    """

    path: str
    known_hash: bytes | None
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseRequest:
    """What goes to the worker: one batch, and how to read it."""

    root: str
    jobs: tuple[ParseJob, ...]
    rules: ReadingRules
    max_bytes: int
    plain: bool
    """Leave the Markdown parser out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedNote:
    """A note ready to be stored. Its `text` and `blocks` are empty: what is needed of them is in the chunks.

    A withheld note keeps its path, title and problems and nothing else.
    """

    note: Note
    chunks: tuple[Chunk, ...]
    streams: tuple[ChunkStreams, ...]
    """The term streams of each chunk."""
    parts: tuple[ParsedNote, ...] = ()
    """The notes inside the file, such as the rows of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What became of one file: exactly one of `unchanged`, `missing`, `parsed` and `error` says so."""

    path: str
    content_hash: bytes | None = None
    """BLAKE2b of the file's bytes, 16 bytes long; `None` when they could not be read."""
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    unchanged: bool = False
    parsed: ParsedNote | None = None
    error: str | None = None
    unreadable: bool = False
    """With `error`: the file could not be read at all, which says nothing about what stands in it."""
    missing: bool = False


_ALLOWED = {
    (cls.__module__, cls.__qualname__): cls
    for cls in (
        ParseResult,
        ParsedNote,
        Chunk,
        ChunkStreams,
        Note,
        Block,
        Callout,
        DateMention,
        Footnote,
        InlineField,
        Link,
        Problem,
        Span,
        Task,
        dt.date,
    )
}


class _ResultUnpickler(pickle.Unpickler):
    """Builds results and nothing else: the worker reads hostile files and is trusted no further than that."""

    def find_class(self, module: str, name: str) -> object:
        with contextlib.suppress(KeyError):
            return _ALLOWED[module, name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a result")


def load_result(frame: bytes) -> ParseResult:
    """Read one of the worker's frames. Raises WorkerCrashedError when it is not a result."""
    try:
        result = _ResultUnpickler(io.BytesIO(frame)).load()
    except Exception as error:  # the pickle machinery documents no closed list
        raise WorkerCrashedError("The parser process wrote garbage.") from error
    if not isinstance(result, ParseResult):
        raise WorkerCrashedError("The parser process wrote garbage.")
    return result
