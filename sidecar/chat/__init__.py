"""A conversation becomes an answer: retrieve, build the prompt, ask the model, check its citations while it streams."""

from __future__ import annotations

from sidecar.chat.answering import AnswerDelta, answer
from sidecar.chat.finding import DEFAULT_PASSAGES, Notes, find_hits, find_passages, passage_of, relevant
from sidecar.chat.request import ChatRequest, Mode

__all__ = [
    "DEFAULT_PASSAGES",
    "AnswerDelta",
    "ChatRequest",
    "Mode",
    "Notes",
    "answer",
    "find_hits",
    "find_passages",
    "passage_of",
    "relevant",
]
