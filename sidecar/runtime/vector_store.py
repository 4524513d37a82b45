"""A vault seen as a vector store: the ids of stores and files, and searches that filters narrow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sidecar.index.listing import owners_of_parts
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import Query, parse_query
from sidecar.retrieval.where import read_where
from sidecar.runtime.attributes import Attributes, attributes_of
from sidecar.runtime.configured import first_of, names_of, refuse_closed
from sidecar.runtime.vaults import OpenVault

DEFAULT_STORE = "vs_vault"
"""Another name of the default vault's store, unless a vault is called so."""

_STORE = "vs_"
_FILE = "file-"
_PLAIN = re.compile(r"[A-Za-z0-9_.-]")
_FILE_ID = re.compile(r"file-([0-9a-f]{8})([0-9a-f]{16})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPiece:
    """A piece of a note that answers a query."""

    file_id: str
    filename: str
    """Vault-relative path of the file; a row of a table has its table's."""
    score: float
    """In [0, 1]."""
    text: str
    attributes: Attributes
    """Of the note, and where in it the piece stands."""
    hit: Hit


def store_id(vault_name: str) -> str:
    """The id of a vault's store: `vs_` and its name; what a URL would have to escape is `~` and its bytes in hex."""
    return _STORE + "".join(
        sign if _PLAIN.fullmatch(sign) else "".join(f"~{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))
        for sign in vault_name
    )


def vault_of_store(wanted: str, vaults: Mapping[str, OpenVault]) -> OpenVault | None:
    """The vault behind a store's id, in either spelling of its name; `None` when there is none. Raises VaultError when
    it cannot be opened now.
    """
    # The name as it is comes second: it may look like another one that is spelled for a URL.
    for spell in (store_id, _STORE.__add__):
        for name in names_of(vaults):
            if wanted == spell(name):
                refuse_closed(vaults, name.__eq__)
                return vaults[name]
    return first_of(vaults) if wanted == DEFAULT_STORE else None


def file_id(vault: str, path: str) -> str:
    """The id of a file: eight digits that name the vault and sixteen that name the path, always the same."""
    return f"{_FILE}{vault_mark(vault)}{path_mark(path):016x}"


def parse_file_id(wanted: str) -> tuple[str, int] | None:
    """The vault's and the path's mark in a file's id; `None` for what is no such id."""
    found = _FILE_ID.fullmatch(wanted)
    return None if found is None else (found[1], int(found[2], 16))


def vault_mark(vault: str) -> str:
    """The digits that stand for a vault in the ids of its files."""
    return hashlib.blake2b(vault.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def path_mark(path: str) -> int:
    """The number, of 64 bits, that stands for a path in a file's id."""
    return int.from_bytes(hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


async def search(
    vault: OpenVault,
    queries: Sequence[str],
    *,
    limit: int,
    filters: Mapping[str, Any] | None = None,
    least_score: float = 0.0,
) -> list[FoundPiece]:
    """The pieces that answer any of the queries, best first and each once, at most `limit`.

    `filters` is a tree as OpenAI writes it. Raises RequestError that names the place in `filters` that is wrong.
    """
    best: dict[int, Hit] = {}
    for query in filtered_queries(queries, filters):
        for hit in (await vault.retriever.search(query, limit=limit))[:limit]:
            known = best.get(hit.chunk.id)
            if hit.score >= least_score and (known is None or hit.score > known.score):
                best[hit.chunk.id] = hit
    # Sorting is stable: among equals the search's own order stays.
    hits = sorted(best.values(), key=lambda hit: -hit.score)[:limit]
    parts = [hit.chunk.note.id for hit in hits if hit.chunk.note.kind == "row"]
    owners = await vault.read(lambda connection: owners_of_parts(connection, parts)) if parts else {}
    return [_piece(hit, vault=vault.name, path=owners.get(hit.chunk.note.id, hit.chunk.note.path)) for hit in hits]


def filtered_queries(queries: Iterable[str], filters: Mapping[str, Any] | None) -> list[Query]:
    """The queries taken apart, each narrowed by the same tree. Raises RequestError."""
    where = () if filters is None else (read_where(filters, param="filters"),)
    return [replace(query, where=(*query.where, *where)) for query in map(parse_query, dict.fromkeys(queries))]


def _piece(hit: Hit, *, vault: str, path: str) -> FoundPiece:
    return FoundPiece(
        file_id=file_id(vault, path),
        filename=path,
        score=min(1.0, max(0.0, hit.score)),
        text=hit.chunk.text,
        attributes=attributes_of(hit.chunk.note, vault=vault, chunk=hit.chunk, file=path),
        hit=hit,
    )
