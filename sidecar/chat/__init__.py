"""A conversation becomes an answer: retrieve, build the prompt, ask the model, check its citations while it streams."""

from __future__ import annotations

from sidecar.chat.answering import AnswerDelta, answer
from sidecar.chat.finding import DEFAULT_PASSAGES, Notes, find_hits, searches
from sidecar.chat.gathering import find_passages, gather, passage_of
from sidecar.chat.relevance import relevant
from sidecar.chat.request import CallsFromNotes, ChatRequest, CitationStyle, Mode

__all__ = [
    "DEFAULT_PASSAGES",
    "AnswerDelta",
    "CallsFromNotes",
    "ChatRequest",
    "CitationStyle",
    "Mode",
    "Notes",
    "answer",
    "find_hits",
    "find_passages",
    "gather",
    "passage_of",
    "relevant",
    "searches",
]
