"""Why a note is indexed or not, and why it was found for a query or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import apsw

from sidecar.index import records
from sidecar.retrieval.query import parse_query
from sidecar.retrieval.retriever import Retriever
from sidecar.runtime.ledger import local_facts, why_facts
from sidecar.runtime.note_facts import known_note
from sidecar.runtime.shown import shown_absence, shown_found
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.rules import explain_rule

T = TypeVar("T")

# How many hits a search shows unless more are asked for, and how many are looked through.
_SHOWN = 10
_DEEP = 200


class ReadIndex(Protocol):
    """Runs work on the index that answers, in one snapshot of it."""

    def __call__(self, work: Callable[[apsw.Connection], T], /) -> Awaitable[T]: ...


async def why_note(
    path: str, query: str | None, *, read: ReadIndex, retriever: Retriever, exclusions: Exclusions
) -> Mapping[str, Any]:
    """What the ledger says of the file that somebody typed, as `GET /vault/why` gives it; with a query and an indexed
    note also `query`: whether the note was found, how, and what kept it back.
    """
    ledger = await read(records.ledger)
    answer = await asyncio.to_thread(why_facts, ledger, path)
    part = await read(lambda connection: records.note_at(connection, path))
    if answer["status"] == "unknown" and part is not None:
        # A row: what is said of its file holds for it too, and it may have a mark of its own.
        answer = why_facts(ledger, path.rpartition("#")[0]) | {"path": path} | local_facts(part.local)
    # Hidden files are in no ledger, so their rule is asked for.
    if answer["status"] == "unknown" and (rule := exclusions.place_rule_for(path)) is not None:
        return answer | {"status": "excluded", "reason": rule, "explanation": explain_rule(rule)}
    if query is not None and answer["status"] == "indexed":
        answer["query"] = await _why_query(answer["path"], query, read=read, retriever=retriever)
    return answer


async def _why_query(path: str, query: str, *, read: ReadIndex, retriever: Retriever) -> Mapping[str, Any]:
    asked = parse_query(query)
    shown = await retriever.search(asked, limit=_SHOWN)
    if found := shown_found(shown, path):
        return {**found, "shown": True}
    # Beyond what a search shows: how far off the note is.
    deep = await retriever.search(asked, limit=_DEEP)
    note = await read(lambda connection: known_note(connection, path))
    absence = shown_absence(await retriever.absence(asked, note, shown=shown))
    if found := shown_found(deep, path):
        return {**found, "shown": False, **absence}
    best = round(deep[-1].score, 4) if deep else None
    return {"found": False, "shown": False, "best_score_of_200": best, **absence}
