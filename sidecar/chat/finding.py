"""What of the notes a conversation's last question is answered from."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from sidecar.chat.relevance import relevant
from sidecar.chat.request import ChatRequest
from sidecar.index.conditions import MayLeave
from sidecar.inference.housekeeping import housekeeping_of
from sidecar.language.small_talk import small_talk_in, without_small_talk
from sidecar.prompt import text_of
from sidecar.retrieval.conversation import Turn, query_in
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import Query, add_filters
from sidecar.retrieval.retriever import Retriever
from sidecar.retrieval.special import read_query

DEFAULT_PASSAGES = 8
# How many times as many hits are looked through for ones that may leave this machine, when the first ones may not.
_DEEPER = 8
# Where an answer that asks something back has its question.
_LAST_WORDS = 300
_ASKS = re.compile(r"[?？؟]\s*[\"'»”’)*_\]]*\s*\Z")


class Notes(Protocol):
    """The vault as chat needs it."""

    @property
    def name(self) -> str: ...

    @property
    def retriever(self) -> Retriever: ...

    @property
    def still_reading(self) -> bool:
        """Whether files of the vault have not been read yet, so that what they say cannot be found."""
        ...


def searches(request: ChatRequest) -> bool:
    """Whether the notes are searched for a request at all: in `auto` neither for small talk nor for what a client wants
    for itself.
    """
    if request.mode != "auto":
        return request.mode == "always"
    limit = request.options.get("max_tokens")
    tokens = limit if isinstance(limit, int) else None
    # A client that says what the user asks wants nothing for itself; what it quotes may look as if it did.
    if request.question is None and housekeeping_of(request.messages, most_tokens=tokens):
        return False
    said = small_talk_in(request.asked)
    # "Yes" is small talk, unless something was asked.
    return said is None or (said == "assent" and _was_asked(request))


async def find_hits(request: ChatRequest, notes: Notes, *, away: bool = False, quoting: bool = False) -> list[Hit]:
    """What is found for the last user message, best first; nothing when nothing relevant is found, or the notes are not
    searched for it (`searches`). A follow-up is searched for with what the earlier turns say. What a filter selects is
    relevant, whatever it says.

    For a model that is `away`, further hits stand behind them in place of those that stay on this machine; `quoting` is
    as in `relevant`.
    """
    if not searches(request):
        return []
    query = add_filters(query_in(_turns(request), parse=partial(read_query, today=dt.date.today())), request.filters)
    if not query.text and not query.filtered:
        return []
    search = partial(
        _search, notes=notes, limit=request.limit or DEFAULT_PASSAGES, away=away, elsewhere=request.elsewhere
    )
    hits = await search(query)
    if request.mode == "always":
        return hits
    useful = _relevant(hits, query, away=away, quoting=quoting)
    if _selects(query):
        if useful:
            return hits
        # None of them is about the question's words ("sum these up"): all of them are meant.
        listed = replace(query, text="", context=(), answered=())
        return await search(listed)
    return useful


def _relevant(hits: Sequence[Hit], query: Query, *, away: bool, quoting: bool) -> list[Hit]:
    """As `relevant`; of what a model elsewhere may be given, nothing is weak beside what it is not given."""
    if not away:
        return relevant(hits, query, quoting=quoting)
    staying, leaving = [hit for hit in hits if hit.local], [hit for hit in hits if not hit.local]
    useful = {hit.chunk.id for part in (staying, leaving) for hit in relevant(part, query, quoting=quoting)}
    return [hit for hit in hits if hit.chunk.id in useful]


def _selects(query: Query) -> bool:
    """Whether the query says which notes it is about; what it excludes says that of hardly any."""
    return bool(query.tags or query.paths or query.files or query.properties or query.where)


async def _search(query: Query, notes: Notes, *, limit: int, away: bool, elsewhere: bool) -> list[Hit]:
    if elsewhere:
        # As if there were none of the notes that stay: what is quoted beside them, and whether anything is, would tell
        # which words stand in them.
        found = await notes.retriever.search(replace(query, where=(MayLeave(), *query.where)), limit=limit)
        return [hit for hit in found if not hit.local]
    hits = await notes.retriever.search(query, limit=limit)
    if away and (staying := sum(hit.local and not hit.mentioned for hit in hits)):
        known = {hit.chunk.id for hit in hits}
        deeper = await notes.retriever.search(query, limit=_DEEPER * limit)
        hits += [hit for hit in deeper if not hit.local and hit.chunk.id not in known][:staying]
    return hits


def _turns(request: ChatRequest) -> list[Turn]:
    said = [message for message in request.messages if message.get("role") in ("user", "assistant")]
    last = max((place for place, message in enumerate(said) if message["role"] == "user"), default=None)
    return [
        Turn(role="user", text=without_small_talk(request.asked if place == last else text_of(message)))
        if message["role"] == "user"
        else Turn(role="assistant", text=text_of(message))
        for place, message in enumerate(said)
    ]


def _was_asked(request: ChatRequest) -> bool:
    """Whether what the assistant said last ends with a question."""
    turns = _turns(request)
    before = next((turn for turn in reversed(turns[:-1]) if turn.role == "assistant"), None)
    return before is not None and _ASKS.search(before.text.rstrip()[-_LAST_WORDS:]) is not None
