"""`/v1/files`: the notes of every vault, to be read."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.openai.paging import ascending, cursor, page_limit
from sidecar.api.openai.read_only import missing, refused
from sidecar.api.responses import json_response
from sidecar.index.listing import FileRecord
from sidecar.protocol.openai_files import file_body
from sidecar.protocol.openai_vector_stores import list_page
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.stores import FilesPage, FilesWanted, StoredFile
from sidecar.runtime.vector_store import file_id

_MOST = 10_000
# OpenAI's own default is the most there can be: megabytes, for clients that turn pages by themselves anyway.
_DEFAULT = 1_000
_EPOCH = dt.date(1970, 1, 1).toordinal()
_DAY = 86_400


def routes(runtime: Runtime) -> list[Route]:
    """Every path of this part of the API."""
    return [
        Route("/v1/files", partial(listing, runtime)),
        refused("/v1/files", "POST"),
        Route("/v1/files/{file_id}", partial(single, runtime)),
        refused("/v1/files/{file_id}", "POST", "DELETE"),
        Route("/v1/files/{file_id}/content", partial(content, runtime)),
        refused("/v1/uploads{rest:path}", "POST"),
    ]


async def listing(runtime: Runtime, request: Request) -> ASGIApp:
    """List the files of all vaults; `purpose` other than `assistants` has none."""
    wanted = FilesWanted(
        limit=page_limit(request, default=_DEFAULT, most=_MOST),
        ascending=ascending(request),
        after=cursor(request, "after"),
    )
    if request.query_params.get("purpose", "assistants") not in ("assistants", ""):
        return json_response(list_page([], has_more=False))
    page = await runtime.stores.page_of_all(wanted)
    # Megabytes at worst; off the event loop, other answers go on between Python's thread switches.
    return await asyncio.to_thread(_listed, page)


async def single(runtime: Runtime, request: Request) -> ASGIApp:
    """Describe one file."""
    return json_response(_body(await _file(runtime, request)))


async def content(runtime: Runtime, request: Request) -> ASGIApp:
    """Give a file's text as the index holds it, as plain text."""
    texts = await runtime.stores.text(await _file(runtime, request))
    return PlainTextResponse("\n\n".join(texts).encode("utf-8", "replace"))


def created_at(file: FileRecord) -> int:
    """When a file came about, as far as that can be told: its note's day, else when it was last modified."""
    modified = file.note.mtime_ns // 1_000_000_000
    if file.note.date is None:
        return modified
    return min(modified, (dt.date.fromisoformat(file.note.date).toordinal() - _EPOCH) * _DAY)


def problem_of(file: FileRecord) -> str | None:
    """Why a file could not be read; `None` when it could."""
    return None if file.status == "indexed" else file.reason or "The file could not be read."


def _listed(page: FilesPage) -> ASGIApp:
    return json_response(list_page([_body(stored) for stored in page.files], has_more=page.has_more))


async def _file(runtime: Runtime, request: Request) -> StoredFile:
    wanted: str = request.path_params["file_id"]
    stored = await runtime.stores.file(wanted)
    if stored is None:
        raise missing("File object", wanted)
    return stored


def _body(stored: StoredFile) -> dict[str, Any]:
    file = stored.file
    return file_body(
        id=file_id(stored.vault, file.note.path),
        filename=file.note.path,
        size=file.size,
        created_at=created_at(file),
        problem=problem_of(file),
    )
