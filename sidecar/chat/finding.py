"""What of the notes a conversation's last question is answered from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from sidecar.chat.request import ChatRequest
from sidecar.inference.model import Message
from sidecar.prompt import text_of
from sidecar.retrieval.conversation import Turn, query_in
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import add_filters
from sidecar.retrieval.retriever import Retriever
from sidecar.retrieval.special import read_query

DEFAULT_PASSAGES = 8
# Below this share of what the question could get, a chunk has only its small words: adding it would mislead.
_RELEVANT = 0.16
# Beside a good hit, one that is much weaker is noise for a small model.
_BESIDE_BEST = 0.35
# How many times as many hits are looked through for ones that may leave this machine, when the first ones may not.
_DEEPER = 8


class Notes(Protocol):
    """The vault as chat needs it."""

    @property
    def name(self) -> str: ...

    @property
    def retriever(self) -> Retriever: ...


async def find_hits(request: ChatRequest, notes: Notes, *, away: bool = False) -> list[Hit]:
    """What is found for the last user message, best first; nothing when nothing relevant is found. A follow-up is
    searched for with what the earlier turns say.

    For a model that is `away`, further hits stand behind them in place of those that stay on this machine.
    """
    query = add_filters(
        query_in(_turns(request.messages), parse=partial(read_query, today=dt.date.today())), request.filters
    )
    if not query.text and not query.filtered:
        return []
    limit = request.limit or DEFAULT_PASSAGES
    hits = await notes.retriever.search(query, limit=limit)
    if away and (staying := sum(hit.local and not hit.mentioned for hit in hits)):
        known = {hit.chunk.id for hit in hits}
        deeper = await notes.retriever.search(query, limit=_DEEPER * limit)
        hits += [hit for hit in deeper if not hit.local and hit.chunk.id not in known][:staying]
    return relevant(hits) if request.mode == "auto" else hits


def _turns(messages: Sequence[Message]) -> list[Turn]:
    return [
        Turn(role="user" if message.get("role") == "user" else "assistant", text=text_of(message))
        for message in messages
        if message.get("role") in ("user", "assistant")
    ]


def relevant(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that say something about the question; mentioned notes always do."""
    best = max((hit.score for hit in hits if not hit.mentioned), default=0.0)
    floor = max(_RELEVANT, best * _BESIDE_BEST)
    return [hit for hit in hits if hit.mentioned or hit.score >= floor]
