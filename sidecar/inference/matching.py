"""How much of a question stands in a text: its telling words, each weighed by how rare it is among the texts at hand.

Stems by language were measured beside the likeness of two words and told no more; so was a static embedding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sidecar.inference.likeness import likeness
from sidecar.language.identification import common_words
from sidecar.language.recognition import stop_words
from sidecar.language.terms import fold, terms

_MOST_TERMS = 40
_LISTED = frozenset({"en", "pt", "es", "it", "fr", "de"})

Cover = tuple[float, ...]
"""For each term asked, how far the likest word of a text is the same word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The terms of a question with what each weighs, together 1, and the words at hand that are like them."""

    weights: Cover
    likes: Mapping[str, Sequence[tuple[int, float]]]

    def cover(self, words: Iterable[str]) -> Cover:
        """Find each term in the words of a text."""
        found = [0.0] * len(self.weights)
        for word in words:
            for place, like in self.likes.get(word, ()):
                found[place] = max(found[place], like)
        return tuple(found)

    def share(self, cover: Cover) -> float:
        """How much of the question a text has, in [0, 1]."""
        return sum(weight * like for weight, like in zip(self.weights, cover, strict=True))


def asked_terms(question: str, *, language: str) -> list[str]:
    """The distinct terms of a question that say what is asked for, in order, at most 40."""
    ignored = _ignored(language)
    return [term for term in dict.fromkeys(terms(question)) if term not in ignored][:_MOST_TERMS]


def matched(asked: Sequence[str], texts: Sequence[frozenset[str]], others: Iterable[str]) -> Asked:
    """Weigh terms by their rarity among some texts, each its words (BM25's idf); `others` are further words at hand."""
    likes: dict[str, list[tuple[int, float]]] = {}
    for word in frozenset(others).union(*texts):
        found = [(place, like) for place, term in enumerate(asked) if (like := likeness(term, word))]
        if found:
            likes[word] = found
    counts = [0] * len(asked)
    for text in texts:
        for place in {place for word in text if word in likes for place, _ in likes[word]}:
            counts[place] += 1
    known = {place for found in likes.values() for place, _ in found}
    # A term that no text has tells nothing about which is best.
    rarity = [_idf(count, len(texts)) if place in known else 0.0 for place, count in enumerate(counts)]
    whole = sum(rarity) or 1.0
    return Asked(weights=tuple(each / whole for each in rarity), likes=likes)


def _idf(count: int, total: int) -> float:
    return math.log(1 + (total - count + 0.5) / (count + 0.5))


@lru_cache(maxsize=32)
def _ignored(language: str) -> frozenset[str]:
    listed = stop_words(language) if language in _LISTED else frozenset()
    return listed | frozenset(fold(word) for word in common_words(language))
