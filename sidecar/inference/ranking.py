"""Which of the quotable sentences answer a question best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sidecar.inference.likeness import likeness
from sidecar.inference.model import Source
from sidecar.inference.sentences import quotable
from sidecar.language.recognition import stop_words
from sidecar.language.terms import terms

MOST = 5
"""Quotations in an answer."""
_MOST_TERMS = 40
# Chosen so that a heading with the question's words lifts the sentences below it above a sentence elsewhere with one
# common word, but never above a sentence with the same words in it.
_HEADING = 0.35
_RETRIEVED = 0.15
_ENOUGH = 0.5
"""Share of the best score below which a sentence is not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """A verbatim stretch of a source, and how well it answers."""

    text: str
    source: Source
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    text: str
    source: Source
    words: frozenset[str]
    heading: frozenset[str]


def best_quotations(question: str, sources: Iterable[Source], *, language: str) -> list[Quotation]:
    """Pick at most five sentences, best first; none when no sentence shares a telling word with the question."""
    asked = _asked(question, language=language)
    candidates = _candidates(sources)
    matches = _matches(asked, candidates)
    weights = _weights(asked, candidates, matches)
    scored = [quotation for candidate in candidates if (quotation := _scored(candidate, matches, weights))]
    scored.sort(key=lambda quotation: -quotation.score)
    return [quotation for quotation in scored[:MOST] if quotation.score >= _ENOUGH * scored[0].score]


def _asked(question: str, *, language: str) -> list[str]:
    ignored = stop_words(language)
    return [term for term in dict.fromkeys(terms(question)) if term not in ignored][:_MOST_TERMS]


def _candidates(sources: Iterable[Source]) -> list[_Candidate]:
    found: dict[str, _Candidate] = {}
    for source in sources:
        heading = frozenset(terms(" ".join((source.title, *source.heading_path))))
        for text in quotable(source.text):
            words = tuple(terms(text))
            # Passages overlap, and notes repeat: the same words are quoted once, from the better source.
            found.setdefault(
                " ".join(words), _Candidate(text=text, source=source, words=frozenset(words), heading=heading)
            )
    return list(found.values())


def _matches(asked: Sequence[str], candidates: Sequence[_Candidate]) -> Mapping[str, Mapping[str, float]]:
    """Find, for each term asked, every word at hand that is like it."""
    vocabulary = frozenset().union(*(candidate.words | candidate.heading for candidate in candidates))
    return {term: {word: like for word in vocabulary if (like := likeness(term, word))} for term in asked}


def _weights(
    asked: Sequence[str], candidates: Sequence[_Candidate], matches: Mapping[str, Mapping[str, float]]
) -> Mapping[str, float]:
    """Weigh each term by its rarity among the sentences (BM25's idf), so that the weights add up to one."""
    total = len(candidates)
    seen = {term: sum(not candidate.words.isdisjoint(matches[term]) for candidate in candidates) for term in asked}
    rarity = {term: math.log(1 + (total - seen[term] + 0.5) / (seen[term] + 0.5)) for term in asked}
    # A term that no sentence has tells nothing about which is best.
    known = {term: rarity[term] for term in asked if matches[term]}
    return {term: weight / sum(known.values()) for term, weight in known.items()}


def _scored(
    candidate: _Candidate, matches: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]
) -> Quotation | None:
    in_text = _covered(candidate.words, matches, weights)
    in_heading = _covered(candidate.heading, matches, weights)
    if in_text == 0 and in_heading < 0.5:
        return None
    # Two words that match are an index entry, not an answer.
    fullness = min(1.0, 0.6 + len(candidate.words) / 20)
    score = fullness * in_text + _HEADING * in_heading + _RETRIEVED * min(max(candidate.source.score, 0.0), 1.0)
    return Quotation(text=candidate.text, source=candidate.source, score=score)


def _covered(words: frozenset[str], matches: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]) -> float:
    return sum(
        weight * max((like for word, like in matches[term].items() if word in words), default=0.0)
        for term, weight in weights.items()
    )
