"""What of a vault a program may be given whose model is on another machine.

Notes that stay on this machine are to it as if there were none: it is told neither which they are nor how many of them
a search would have found. Such a number would be an answer to any question about them, asked often enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import apsw

from sidecar.errors import NoteMissingError
from sidecar.index.conditions import MayLeave
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import add_filters, parse_query
from sidecar.runtime.shown import shown_hit, shown_related
from sidecar.runtime.vaults import OpenVault

# How many staying notes are looked past for ones that may leave.
_MOST_PAST = 400


async def search_elsewhere(
    vault: OpenVault, query: str, *, limit: int = 10, filters: Mapping[str, Any] | None = None, explain: bool = False
) -> list[Mapping[str, Any]]:
    """As `OpenVault.search`, among the notes that may leave this machine."""
    asked = add_filters(parse_query(query), filters)
    if await vault.read(_some_stay):
        asked = replace(asked, where=(MayLeave(), *asked.where))
    hits = await vault.retriever.search(asked, limit=limit)
    # A note that is named comes whatever the condition says; left out before the cut, it leaves no gap that tells.
    leaving = [_without_staying(hit) for hit in hits if not hit.local]
    return [shown_hit(hit, vault=vault.name, explain=explain) for hit in leaving[:limit]]


async def related_elsewhere(vault: OpenVault, path: str, *, limit: int = 10) -> list[Mapping[str, Any]]:
    """As `OpenVault.related`, among the notes that may leave. Which links are shared is not told: they may lead to
    others. Raises NoteMissingError.
    """
    note = await note_elsewhere(vault, path)
    past = min(_MOST_PAST, await vault.read(_how_many_stay))
    found = await vault.retriever.related(note["path"], limit=limit + past, leaving=True)
    leaving = [each for each in found if not each.hit.local][:limit]
    return [
        _without_shared_names(shown_related(replace(each, hit=_without_staying(each.hit)), vault=vault.name))
        for each in leaving
    ]


async def note_elsewhere(vault: OpenVault, path: str) -> Mapping[str, Any]:
    """As `OpenVault.note`, without what its links tell of notes that stay. Raises NoteMissingError, for a note that
    stays as for one that does not exist.
    """
    try:
        told = await vault.note(path)
    except NoteMissingError as error:
        raise _missing(path) from error
    if told["local"] is not None:
        raise _missing(path)
    paths = {link["path"] for link in (*told["links"], *told["backlinks"]) if link["path"] is not None}
    staying = await vault.read(lambda connection: _staying(connection, paths))
    return {
        **told,
        "links": [link | {"path": None} if link["path"] in staying else link for link in told["links"]],
        "backlinks": [link for link in told["backlinks"] if link["path"] not in staying],
    }


def _missing(path: str) -> NoteMissingError:
    return NoteMissingError(
        f"There is no note at {path!r} that may be given to a model on another machine.",
        hint="Paths are those that a search gives.",
    )


def _without_staying(hit: Hit) -> Hit:
    return replace(hit, embedded=tuple(each for each in hit.embedded if each.chunk.note.local is None))


def _without_shared_names(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    lanes = [lane | {"detail": None} if lane["lane"] == "shared links" else lane for lane in shown["why"]["lanes"]]
    return {**shown, "why": {**shown["why"], "lanes": lanes}}


def _some_stay(connection: apsw.Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM notes WHERE local IS NOT NULL)").get)


def _how_many_stay(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM notes WHERE local IS NOT NULL").get)


def _staying(connection: apsw.Connection, paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths whose notes stay on this machine."""
    rows = connection.execute(
        "SELECT path FROM notes WHERE local IS NOT NULL AND path IN (SELECT value FROM json_each(?))",
        (json.dumps(list(paths)),),
    )
    return frozenset(str(path) for (path,) in rows)
