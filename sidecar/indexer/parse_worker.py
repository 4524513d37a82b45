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

from sidecar.chunking import TokenLimit, chunk_note
from sidecar.embedding.measure import CountTokens, TextLimit, estimate, open_counter
from sidecar.errors import NoteMissingError, SidecarError, VaultError
from sidecar.index.streams import streams_of
from sidecar.indexer.parse_process import COUNTING, DEFAULT_MEMORY, READY
from sidecar.indexer.parse_result import ParsedNote, ParseJob, ParseRequest, ParseResult
from sidecar.language.identification import languages_of_sections
from sidecar.notes.formats import kind_of
from sidecar.notes.kinds import read_file
from sidecar.notes.note import Note
from sidecar.notes.table import holds_row_pages, row_pages
from sidecar.offline.lock import OutgoingLock
from sidecar.offline.system import close_system
from sidecar.vault.files import look_at_file, resolve_inside
from sidecar.vault.files import read_file as read_bytes
from sidecar.worker import MAX_FRAME, FrameChannel, serve_frames

if sys.platform != "win32":
    import resource

ParseFile: TypeAlias = Callable[[ParseRequest, ParseJob, TokenLimit | None], ParseResult]
OpenCounter: TypeAlias = Callable[[TextLimit], CountTokens]
_NICENESS = 5
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000


def main(*, memory: int = DEFAULT_MEMORY, parse: ParseFile | None = None, counter: OpenCounter = open_counter) -> None:
    """Serve batches until the parent closes the pipe.

    `parse` replaces what is done with each file, `counter` how a tokenizer is opened.
    """
    step_back(memory=memory)
    chosen = parse or parse_file
    serve_frames(lambda channel: _serve(channel, chosen, counter))


def _serve(channel: FrameChannel, parse: ParseFile, counter: OpenCounter) -> None:
    channel.write(READY)
    tokens: TokenLimit | None = None
    for frame in channel:
        request: object = pickle.loads(frame)  # noqa: S301  # from the parent, over a pipe that only it holds
        if not isinstance(request, ParseRequest):
            assert request is None or isinstance(request, TextLimit)
            tokens = _token_limit(request, counter)
            channel.write(COUNTING)
            continue
        for job in request.jobs:
            channel.write(_encode(_safely(parse, request, job, tokens)))


def _token_limit(limit: TextLimit | None, counter: OpenCounter) -> TokenLimit | None:
    if limit is None:
        return None
    try:
        return TokenLimit(most=limit.most, count=counter(limit))
    except SidecarError:
        return TokenLimit(most=limit.most, count=estimate)


def _safely(parse: ParseFile, request: ParseRequest, job: ParseJob, tokens: TokenLimit | None) -> ParseResult:
    try:
        return parse(request, job, tokens)
    except MemoryError:
        return ParseResult(path=job.path, error="Reading this note needs more memory than the parser may use.")
    except Exception as error:  # this process's top: one bad file must not stop the batch
        return ParseResult(path=job.path, error=f"The parser failed on this note: {type(error).__name__}.")


def _encode(result: ParseResult) -> bytes:
    frame = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
    if len(frame) <= MAX_FRAME:
        return frame
    return pickle.dumps(dataclasses.replace(result, parsed=None, error="This note is too large to be indexed."))


def parse_file(request: ParseRequest, job: ParseJob, tokens: TokenLimit | None = None) -> ParseResult:
    """Open, hash and, when its bytes are new, read one file. What the vault refuses is a result, not an error.

    An image is not opened: its name, size and time stand for its bytes.
    """
    flavour = request.rules.flavour
    kind = kind_of(job.path, flavour=flavour)
    try:
        if kind == "image":
            content = look_at_file(Path(request.root), job.path)
        else:
            # Most of a PDF is not its text: a scanned book of 100 MB has none at all.
            most = request.max_bytes * (4 if kind == "pdf" else 1)
            content = read_bytes(Path(request.root), job.path, max_bytes=most)
    except NoteMissingError:
        return ParseResult(path=job.path, missing=True)
    except VaultError as error:
        return ParseResult(path=job.path, error=error.message, unreadable=True)
    pages = _row_pages(request, job) if kind == "table" else ()
    about = (job.path.rpartition("/")[2], content.size, content.mtime_ns) if kind == "image" else pages
    content_hash = hashlib.blake2b(content.data + (repr(about).encode() if about else b""), digest_size=16).digest()
    result = ParseResult(
        path=job.path,
        content_hash=content_hash,
        size=content.size,
        mtime_ns=content.mtime_ns,
        ctime_ns=content.ctime_ns,
        unchanged=True,
    )
    if content_hash == job.known_hash:
        return result
    note, *parts = read_file(job.path, content.data, rules=request.rules, plain=request.plain, pages=pages)
    # A withheld row has no entry in the ledger to be excluded in: nothing of it is told at all.
    told = tuple(prepare(part, tokens) for part in parts if part.withheld is None)
    parsed = dataclasses.replace(prepare(note, tokens), parts=told)
    return dataclasses.replace(result, unchanged=False, parsed=parsed)


def _row_pages(request: ParseRequest, job: ParseJob) -> tuple[str, ...]:
    """Names of the pages of a table's rows, which lie in a folder beside it. Excluded ones count: they are pages."""
    parent = job.path.rpartition("/")[0]
    root = Path(request.root)
    found: list[str] = []
    with contextlib.suppress(OSError, VaultError):
        for entry in os.scandir(resolve_inside(root, parent) if parent else root):
            folder = f"{parent}/{entry.name}".lstrip("/")
            if holds_row_pages(job.path, folder) and entry.is_dir(follow_symlinks=False):
                found += [f"{folder}/{name}" for name in os.listdir(entry.path)]  # noqa: PTH208  # names are wanted
    return tuple(sorted(row_pages(job.path, found)))


def prepare(note: Note, tokens: TokenLimit | None = None) -> ParsedNote:
    """Cut a note up for the index. A withheld one is emptied here, so that no word of it leaves this process."""
    if note.withheld is not None:
        # The title may be a heading's or a property's words, and a problem's message may quote the text.
        bare = Note(path=note.path, title="", text="", withheld=note.withheld)
        return ParsedNote(note=bare, chunks=(), streams=())
    chunks = chunk_note(note, tokens=tokens)
    return ParsedNote(
        note=dataclasses.replace(note, text="", blocks=(), callouts=(), footnotes=(), highlights=(), comments=()),
        chunks=chunks,
        streams=streams_of(note, chunks, languages_of_sections([chunk.text for chunk in chunks])),
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
    OutgoingLock().install()
    close_system((), look_up_names=False)
    main()
