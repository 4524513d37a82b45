"""A conversation becomes the question to search with: what the last message asks, and what it needs of earlier turns.

No model is asked. A question that leans on what was said shows it: it points ("it", "dort"), it goes on ("and…"), or it
has hardly a word of its own. Knows no index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from sidecar.language.terms import terms
from sidecar.retrieval.anaphora import signs_of
from sidecar.retrieval.dependence import Reading, read, salient
from sidecar.retrieval.query import Excluded, Query, parse_query

# How far back to look, in user messages, and how much of a message: what is asked stands at its beginning or its end.
_USER_TURNS = 6
_END = 1_000
_MOST_WORDS = 24
_MOST_CITED = 3

# Earlier words never weigh what the question's own do.
_MOST = 0.95
# A follow-up's own words ("cost") say less of the topic than those of the question it goes back to.
_PASSING = 0.5
# A note that the answer cited holds more than what it was cited for.
_CITED = 0.4
# From here on the question is about what the earlier one was narrowed to, and about what was answered.
_BOUND = 0.5
# Whoever goes on asking mostly stays with the topic. So little decides between equals and harms no new topic.
_ALWAYS = 0.05
# What the answer names is what "her" and "there" point to; whole answers would drown the question.
_NAMED = 0.25
_MOST_NAMED = 8

_CITATION = re.compile(r"\[\[([^\[\]|#\n]{1,200})(?:#([^\[\]|\n]{0,200}))?(?:\|[^\[\]\n]{0,200})?\]\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPart:
    """Words of an earlier turn, as typed; `weight` in (0, 1), against 1 for the question's own words."""

    text: str
    weight: float
    answered: bool = False
    """Whether it stands in an answer, not in a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationQuery:
    """What to search with."""

    text: str
    """The question as typed: the last user message, or where that asks nothing ("thanks", "shorter"), the last that
    did."""
    context: tuple[ContextPart, ...] = ()
    """What of the earlier turns belongs to it, the weightiest first."""
    follow_up: float = 0.0
    """How far the last message leans on earlier ones; 0 when it stands alone."""
    carried: tuple[str, ...] = ()
    """Earlier messages whose mentions, filters and dates hold on where the question has none of the kind, the nearest
    first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """A user message, read."""

    text: str
    reading: Reading
    narrows: bool


def query_in(turns: Sequence[Turn], *, parse: Callable[[str], Query] = parse_query) -> Query:
    """Make the query of the conversation's last question, with what it takes over from earlier ones.

    `turns` as for `question_in`; `parse` takes a single message apart. Of each kind, mentions, tags, dates and so on,
    a follow-up keeps the earlier question's where it has none itself.
    """
    conversation = question_in(turns)
    query = parse(conversation.text)
    for earlier in map(parse, conversation.carried):
        query = replace(
            query,
            mentions=query.mentions or earlier.mentions,
            tags=query.tags or earlier.tags,
            paths=query.paths or earlier.paths,
            files=query.files or earlier.files,
            properties=query.properties or earlier.properties,
            excluded=earlier.excluded if query.excluded == Excluded() else query.excluded,
            dates=query.dates or earlier.dates,
        )
    return replace(
        query,
        context=tuple((part.text, part.weight) for part in conversation.context if not part.answered),
        answered=tuple((part.text, part.weight) for part in conversation.context if part.answered),
    )


def question_in(turns: Sequence[Turn]) -> ConversationQuery:
    """Find what the conversation's last user message asks, and what of the earlier turns belongs to it.

    `turns` are oldest first; what stands after the last user message is left out. Never fails: without a user message
    the question is empty.
    """
    texts = [turn.text for turn in turns if turn.role == "user"][-_USER_TURNS:]
    if not texts:
        return ConversationQuery(text="")
    messages = [_read(text, before) for before, text in pairwise(["", *texts])]
    asking = [message for message in messages if message.reading.asks]
    if not asking:
        return ConversationQuery(text=texts[-1])
    asked, earlier = asking[-1], asking[-2::-1]
    follow_up = (asked.reading.leaning if earlier else 0.0) if asked is messages[-1] else 1.0
    answer = _last_answer(turns) if follow_up >= _BOUND else ""
    parts = [*_asked_before(asked, earlier), *_cited(answer, follow_up), *_named(answer, texts[-1], follow_up)]
    return ConversationQuery(
        text=asked.text,
        context=tuple(sorted(parts, key=lambda part: -part.weight)),
        follow_up=follow_up,
        carried=_carried(asked, earlier),
    )


def _read(text: str, before: str) -> _Message:
    query = parse_query(_ends(text))
    narrows = bool(query.mentions) or query.filtered
    reading = read(query.text, signs_of(query.text, _ends(before)), narrowed=narrows)
    return _Message(text=text, reading=reading, narrows=narrows)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n{text[-_END:]}"


def _asked_before(asked: _Message, earlier: Sequence[_Message]) -> list[ContextPart]:
    """The earlier questions as far back as each leans on the one before it."""
    parts = []
    own = set(terms(" ".join(asked.reading.words)))
    weight = asked.reading.leaning if asked.narrows or asked.reading.moves else max(_ALWAYS, asked.reading.leaning)
    for message in earlier:
        if weight < _ALWAYS:
            break
        leaning = message.reading.leaning
        words = [word for word in message.reading.words if not own.issuperset(terms(word))]
        if words:
            parts.append(ContextPart(text=_shortened(words), weight=min(_MOST, weight * (1 - _PASSING * leaning))))
        weight *= leaning
    return parts


def _shortened(words: Sequence[str]) -> str:
    half = _MOST_WORDS // 2
    return " ".join(words if len(words) <= _MOST_WORDS else [*words[:half], *words[-half:]])[:_END]


def _last_answer(turns: Sequence[Turn]) -> str:
    """What the assistant said just before the last user message."""
    last = max(at for at, turn in enumerate(turns) if turn.role == "user")
    before = turns[last - 1] if last else None
    return before.text if before and before.role == "assistant" else ""


def _cited(answer: str, follow_up: float) -> list[ContextPart]:
    matches = _CITATION.finditer(_ends(answer))
    names = dict.fromkeys(" ".join(part.strip() for part in match.groups() if part).strip() for match in matches)
    return [
        ContextPart(text=name, weight=follow_up * _CITED, answered=True)
        for name in list(filter(None, names))[:_MOST_CITED]
    ]


def _named(answer: str, question: str, follow_up: float) -> list[ContextPart]:
    text = _CITATION.sub(" ", _ends(answer))
    words = salient(text, signs_of(text, _ends(question)))[:_MOST_NAMED]
    return [ContextPart(text=_shortened(words), weight=follow_up * _NAMED, answered=True)] if words else []


def _carried(asked: _Message, earlier: Sequence[_Message]) -> tuple[str, ...]:
    texts, leaning = [], asked.reading.leaning
    for message in earlier:
        if leaning < _BOUND:
            break
        texts.append(message.text)
        leaning = message.reading.leaning
    return tuple(texts)
