"""Which hits say something about the question. Knows neither the vault nor the model.

A hit's score is the share of what the question could get, so that one bar could serve every vault; but the fewer words
a question has, the more one of them is worth, and a common word is found by chance. The bar falls with their number.
"""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.language.recognition import stop_words_of
from sidecar.language.streams import QueryWord, query_words
from sidecar.language.terms import fold
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import Query

# What a question of many words must get, and what one of a single word must get beyond it. Measured on eight sets, half
# of their questions with an answer and half without: docs/decisions/0038.
_LEAST = 0.17
_LEAST_OF_PAIRS = 0.1
_ONE_WORD = 0.1
# Beside a good hit, one that is half as good is noise for a small model.
_BESIDE_BEST = 0.5
_BESIDE_QUOTED = 0.25
# A note that leaves all others so far behind has a word that is its own: "How old is Ann?", where one note knows Ann.
# On the eight sets that keeps 0.03 of a hundred more answers, and adds notes to 0.1 of a hundred more other questions.
_AHEAD = 3
_LEAST_OF_ONE = 0.12
# Signs of Chinese that make questions and hold sentences together, and all of hiragana: a pair with one of them stands
# in any note.
_OF_GRAMMAR = frozenset(
    "什么麼怎样樣多少如何为為谁誰哪几幾是我你您他她它们們的地得了着過过吗嗎呢吧啊在有没沒和与與跟及或到从從把被让讓给給"
    "对對于於也都就还還又很最更不要会會能可该該请請这這那此每个個些少候"
).union(map(chr, range(0x3041, 0x30A0)))
# Kana, Han and Hangul; the pairs of syllables of Thai and its neighbours, which stand before, behave as words do.
_FIRST_OF_PAIRS = "\u3000"


def relevant(hits: Sequence[Hit], query: Query | None = None, *, quoting: bool = False) -> list[Hit]:
    """The hits that say something about what `query` asks, in their order; mentioned notes and those that have what was
    asked for to the letter always do. Without a query, it counts as a long one. For a model that is `quoting`, which
    noise does not mislead, weaker ones stand beside the best.
    """
    telling = _telling(query)
    # What is near by its meaning alone has no words to look at.
    scored = [
        hit for hit in hits if not hit.mentioned and not (telling and hit.matched and telling.isdisjoint(hit.matched))
    ]
    best = max((hit.score for hit in scored), default=0.0)
    least = _LEAST_OF_ONE if _stands_out(scored, query) else _least(query)
    floor = best * _BESIDE_QUOTED if quoting and best >= least else max(least, best * _BESIDE_BEST)
    return [hit for hit in hits if hit.mentioned or hit.pinned or (hit in scored and hit.score >= floor)]


def _stands_out(hits: Sequence[Hit], query: Query | None) -> bool:
    """Whether one note is far ahead of all others, or alone, and has half of the question's words or more."""
    first = max(hits, key=lambda hit: hit.score, default=None)
    if first is None or query is None:
        return False
    content = _content(query)
    if 2 * len(content.intersection(map(fold, first.matched))) < len(content):
        return False
    others = [hit.score for hit in hits if hit.chunk.note.path != first.chunk.note.path]
    return first.score >= _AHEAD * max(others, default=0.0)


def _least(query: Query | None) -> float:
    """What the best hit must have."""
    if query is None:
        return _LEAST
    # Of the pairs of characters in Chinese, Japanese and Korean, many span two words and stand nowhere.
    least = _LEAST_OF_PAIRS if _pairs(query) else _LEAST
    return least + _ONE_WORD / max(1, len(_content(query)))


def _pairs(query: Query) -> set[str]:
    """The pairs of characters of a question that is mostly made of them."""
    words = _words(query)
    pairs = {word.term for word in words if not word.spaced and word.term >= _FIRST_OF_PAIRS}
    return pairs if 2 * len(pairs) > len(words) else set()


def _telling(query: Query | None) -> set[str]:
    """What of a question in pairs of characters is no grammar: what has nothing of it is about something else, however
    much it sounds like the question.
    """
    pairs = _pairs(query) if query is not None else set()
    if query is None or not pairs:
        return set()
    grammar = {pair for pair in pairs if _OF_GRAMMAR.intersection(pair)}
    return {word.term for word in _words(query)} - grammar


def _content(query: Query) -> set[str]:
    """The terms of a question, and of what it takes over from a conversation, that say something."""
    stop_words = stop_words_of(query.text)
    return {word.term for word in _words(query) if word.term not in stop_words}


def _words(query: Query) -> set[QueryWord]:
    text = " ".join([query.text, *(text for text, _ in query.context)])
    return {word for word in query_words(text) if not word.optional}
