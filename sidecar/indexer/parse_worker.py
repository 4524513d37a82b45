"""The worker's side of parsing: the program that opens, reads and cuts up the files of a vault.

It runs as a process of its own because what it reads may be hostile: it may be killed, run out of memory or never
return without harm to the server. Niceness and memory cap are set before the first file is opened.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from sidecar.chunking import chunk_note
from sidecar.errors import NoteMissingError, VaultError
from sidecar.indexer.parsing import DEFAULT_MEMORY, READY, ParsedNote, ParseJob, ParseRequest, ParseResult
from sidecar.language.terms import token_stream
from sidecar.notes.kinds import read_file
from sidecar.notes.note import Note
from sidecar.vault.files import read_file as read_bytes
from sidecar.worker import MAX_FRAME, FrameChannel, serve_frames

if sys.platform != "win32":
    import resource

ParseFile: TypeAlias = Callable[[ParseRequest, ParseJob], ParseResult]
_NICENESS = 5
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000


def main(*, memory: int = DEFAULT_MEMORY, parse: ParseFile | None = None) -> None:
    """Serve batches until the parent closes the pipe. `parse` replaces what is done with each file."""
    step_back(memory=memory)
    chosen = parse or parse_file
    serve_frames(lambda channel: _serve(channel, chosen))


def _serve(channel: FrameChannel, parse: ParseFile) -> None:
    channel.write(READY)
    for frame in channel:
        request = pickle.loads(frame)  # noqa: S301  # from the parent, over a pipe that only it holds
        assert isinstance(request, ParseRequest)
        for job in request.jobs:
            channel.write(_encode(_safely(parse, request, job)))


def _safely(parse: ParseFile, request: ParseRequest, job: ParseJob) -> ParseResult:
    try:
        return parse(request, job)
    except MemoryError:
        return ParseResult(path=job.path, error="Reading this note needs more memory than the parser may use.")
    except Exception as error:  # this process's top: one bad file must not stop the batch
        return ParseResult(path=job.path, error=f"The parser failed on this note: {type(error).__name__}.")


def _encode(result: ParseResult) -> bytes:
    frame = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
    if len(frame) <= MAX_FRAME:
        return frame
    return pickle.dumps(dataclasses.replace(result, parsed=None, error="This note is too large to be indexed."))


def parse_file(request: ParseRequest, job: ParseJob) -> ParseResult:
    """Open, hash and, when its bytes are new, read one file. What the vault refuses is a result, not an error."""
    try:
        content = read_bytes(Path(request.root), job.path, max_bytes=request.max_bytes)
    except NoteMissingError:
        return ParseResult(path=job.path, missing=True)
    except VaultError as error:
        return ParseResult(path=job.path, error=error.message, unreadable=True)
    content_hash = hashlib.blake2b(content.data, digest_size=16).digest()
    result = ParseResult(
        path=job.path, content_hash=content_hash, size=content.size, mtime_ns=content.mtime_ns, unchanged=True
    )
    if content_hash == job.known_hash:
        return result
    note, *parts = read_file(job.path, content.data, rules=request.rules, plain=request.plain)
    parsed = dataclasses.replace(prepare(note), parts=tuple(map(prepare, parts)))
    return dataclasses.replace(result, unchanged=False, parsed=parsed)


def prepare(note: Note) -> ParsedNote:
    """Cut a note up for the index. A withheld one is emptied here, so that no word of it leaves this process."""
    if note.withheld is not None:
        bare = Note(path=note.path, title=note.title, text="", withheld=note.withheld, problems=note.problems)
        return ParsedNote(note=bare, chunks=(), streams=(), name_stream="", heading_streams=())
    chunks = chunk_note(note)
    return ParsedNote(
        note=dataclasses.replace(note, text="", blocks=()),
        chunks=chunks,
        streams=tuple(token_stream(chunk.text) for chunk in chunks),
        # One name per line: characters of two names that happen to meet form no term.
        name_stream=token_stream("\n".join([note.title, *note.aliases])),
        heading_streams=tuple(token_stream("\n".join(chunk.heading_path)) for chunk in chunks),
    )


def step_back(*, memory: int) -> None:
    """Cap this process's address space and let everything else go first, as far as the system can."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS)
        return
    # A system may refuse either (a lower hard limit, macOS for RLIMIT_AS); the deadline still holds.
    with contextlib.suppress(OSError, ValueError):
        os.nice(_NICENESS)
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    main()
