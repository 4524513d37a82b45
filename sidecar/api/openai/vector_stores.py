"""`/v1/vector_stores`: every vault as a vector store, to be read and searched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.openai.files import created_at, problem_of
from sidecar.api.openai.paging import ascending, cursor, page_limit
from sidecar.api.openai.read_only import missing, refused
from sidecar.api.responses import json_response
from sidecar.errors import RequestError
from sidecar.index.listing import FileStatus
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_vector_stores import (
    VectorSearchBody,
    content_page,
    list_page,
    search_page,
    search_result,
    store_body,
    store_file_body,
)
from sidecar.runtime.attributes import attributes_of
from sidecar.runtime.configured import refuse_closed
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.stores import FilesWanted, StoredFile
from sidecar.runtime.vaults import OpenVault
from sidecar.runtime.vector_store import FoundPiece, file_id, search, store_id, vault_of_store

_DEFAULT = 20
_MOST = 100
_STATUSES: dict[str, FileStatus | None] = {
    "completed": "indexed",
    "failed": "failed",
    # No file is listed before it has been read.
    "in_progress": None,
    "cancelled": None,
}
_STORE = "/v1/vector_stores/{store_id}"


def routes(runtime: Runtime) -> list[Route]:
    """Every path of this part of the API."""
    return [
        Route("/v1/vector_stores", partial(listing, runtime)),
        refused("/v1/vector_stores", "POST"),
        Route(_STORE, partial(single, runtime)),
        refused(_STORE, "POST", "DELETE"),
        Route(f"{_STORE}/search", partial(find, runtime), methods=["POST"]),
        Route(f"{_STORE}/files", partial(files, runtime)),
        refused(f"{_STORE}/files", "POST"),
        Route(f"{_STORE}/files/{{file_id}}", partial(file, runtime)),
        refused(f"{_STORE}/files/{{file_id}}", "POST", "DELETE"),
        Route(f"{_STORE}/files/{{file_id}}/content", partial(content, runtime)),
        Route(f"{_STORE}/file_batches/{{rest:path}}", batch),
        refused(f"{_STORE}/file_batches{{rest:path}}", "POST"),
    ]


async def listing(runtime: Runtime, request: Request) -> ASGIApp:
    """List the stores in the order of the settings, the default vault's first; `asc` is the other way round."""
    limit = page_limit(request, default=_DEFAULT, most=_MOST)
    vaults = list(runtime.vaults.values())
    if not vaults:
        # An empty list would have a client that keeps a copy of it drop everything.
        refuse_closed(runtime.vaults, lambda _: True)
    vaults = vaults[::-1] if ascending(request) else vaults
    if (after := cursor(request, "after")) is not None:
        vaults = vaults[_place(runtime, vaults, after, "after") + 1 :]
    if (before := cursor(request, "before")) is not None:
        vaults = vaults[: _place(runtime, vaults, before, "before")]
        shown = vaults[-limit:] if after is None else vaults[:limit]
    else:
        shown = vaults[:limit]
    data = [await _body(runtime, vault) for vault in shown]
    return json_response(list_page(data, has_more=len(shown) < len(vaults)))


async def single(runtime: Runtime, request: Request) -> ASGIApp:
    """Describe one store, under the id that was asked for."""
    vault = _vault(runtime, request)
    return json_response({**await _body(runtime, vault), "id": request.path_params["store_id"]})


async def find(runtime: Runtime, request: Request) -> ASGIApp:
    """Search a vault. `max_num_results` bounds the pieces, as it does in OpenAI's file search; those of one file are
    one result, since that is what `content` is a list for, so that there are at most as many results.
    """
    vault = _vault(runtime, request)
    body = read_body(VectorSearchBody, parse_json(await request.body()))
    found = await search(
        vault,
        body.query,
        limit=body.max_num_results,
        filters=body.filters or None,
        least_score=body.ranking_options.score_threshold,
    )
    return json_response(search_page(body.query, _by_file(found)))


async def files(runtime: Runtime, request: Request) -> ASGIApp:
    """List a store's files, those that came last into the index first."""
    vault = _vault(runtime, request)
    status, any_status = _status(request)
    wanted = FilesWanted(
        limit=page_limit(request, default=_DEFAULT, most=_MOST),
        ascending=ascending(request),
        after=cursor(request, "after"),
        before=cursor(request, "before"),
        status=status,
    )
    if status is None and not any_status:
        return json_response(list_page([], has_more=False))
    page = await runtime.stores.page(vault, wanted)
    wanted_id: str = request.path_params["store_id"]
    return json_response(list_page([_file_body(each, store=wanted_id) for each in page.files], has_more=page.has_more))


async def file(runtime: Runtime, request: Request) -> ASGIApp:
    """Describe one file of a store."""
    stored = await _stored(runtime, request)
    return json_response(_file_body(stored, store=request.path_params["store_id"]))


async def content(runtime: Runtime, request: Request) -> ASGIApp:
    """Give the text of a file as the index holds it, in its pieces."""
    return json_response(content_page(await runtime.stores.text(await _stored(runtime, request))))


async def batch(request: Request) -> ASGIApp:
    """There is no batch: none can be made."""
    raise missing("VectorStoreFileBatch", request.path_params["rest"])


def _vault(runtime: Runtime, request: Request) -> OpenVault:
    wanted: str = request.path_params["store_id"]
    vault = vault_of_store(wanted, runtime.vaults)
    if vault is None:
        raise missing("Vector store", wanted)
    return vault


def _place(runtime: Runtime, vaults: Sequence[OpenVault], wanted: str, param: str) -> int:
    vault = vault_of_store(wanted, runtime.vaults)
    if vault is None or vault not in vaults:
        raise RequestError(f"There is no store with the id in '{param}'.", param=param, code="invalid_value")
    return vaults.index(vault)


async def _stored(runtime: Runtime, request: Request) -> StoredFile:
    wanted: str = request.path_params["file_id"]
    stored = await runtime.stores.file(wanted, vault=_vault(runtime, request))
    if stored is None:
        raise missing("File object", wanted)
    return stored


def _status(request: Request) -> tuple[FileStatus | None, bool]:
    """The status that `filter` names, `None` for one that no file has; and whether any will do."""
    wanted = request.query_params.get("filter")
    if not wanted:
        return None, True
    if wanted not in _STATUSES:
        raise RequestError(f"'filter' has to be one of {', '.join(_STATUSES)}.", param="filter", code="invalid_value")
    return _STATUSES[wanted], False


async def _body(runtime: Runtime, vault: OpenVault) -> dict[str, Any]:
    totals, progress = await runtime.stores.totals(vault), vault.indexer.progress
    return store_body(
        id=store_id(vault.name),
        name=vault.name,
        created_at=totals.oldest_ns // 1_000_000_000,
        last_active_at=totals.latest_ns // 1_000_000_000,
        usage_bytes=totals.size,
        completed=totals.indexed,
        failed=totals.failed,
        in_progress=progress.unknown,
        ready=progress.ready,
    )


def _file_body(stored: StoredFile, *, store: str) -> dict[str, Any]:
    note = stored.file.note
    return store_file_body(
        id=file_id(stored.vault, note.path),
        store_id=store,
        created_at=created_at(stored.file),
        usage_bytes=stored.file.size,
        problem=problem_of(stored.file),
        attributes=attributes_of(note, vault=stored.vault),
    )


def _by_file(found: Sequence[FoundPiece]) -> list[dict[str, Any]]:
    """One result a file, in the order of their best pieces, whose score and attributes they have."""
    files: dict[str, list[FoundPiece]] = {}
    for piece in found:
        files.setdefault(piece.file_id, []).append(piece)
    return [
        search_result(
            file_id=pieces[0].file_id,
            filename=pieces[0].filename,
            score=round(pieces[0].score, 4),
            attributes=pieces[0].attributes,
            texts=[piece.text for piece in pieces],
        )
        for pieces in files.values()
    ]
