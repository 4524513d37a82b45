"""Whether a text says a given answer, in any of its wordings: SQuAD's containment for many languages.

Compared are runs of whole words, case, accents, punctuation and articles aside (as in SQuAD's own script,
https://rajpurkar.github.io/SQuAD-explorer), each word in its own form or by its stem; in scripts without spaces,
characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sidecar.language.identification import identify
from sidecar.language.stemming import stems
from sidecar.language.terms import fold, lowered, runs

_ARTICLES: frozenset[str] = frozenset().union(
    *({"a", "an", "the"}, {"o", "os", "as", "um", "uma"}, {"el", "la", "los", "las", "un", "una"}),
    *({"il", "lo", "i", "gli", "le", "l"}, {"les", "une"}, {"der", "die", "das", "ein", "eine"}),
)

_Token: TypeAlias = tuple[str, str]
"""A word, and its stem."""


def contains(text: str, wordings: Iterable[str], *, language: str | None = None) -> bool:
    """Whether a text has one of the wordings. `language` is the text's; it is recognised when not given."""
    language = language or identify(text)
    tokens = _tokens(text, language)
    return any(_within(_tokens(wording, language), tokens) for wording in wordings)


def _tokens(text: str, language: str | None) -> list[_Token]:
    words: list[str] = []
    for unspaced, word in runs(lowered(text)):
        words += list(fold(unspaced)) if unspaced else [word]
    paired = zip(words, stems(words, language), strict=True)
    tokens = [(fold(word), fold(stem)) for word, stem in paired]
    return [token for token in tokens if token[0] not in _ARTICLES] or tokens


def _within(wanted: Sequence[_Token], tokens: Sequence[_Token]) -> bool:
    size = len(wanted)
    starts = range(len(tokens) - size + 1) if size else ()
    return any(all(_alike(word, tokens[start + place]) for place, word in enumerate(wanted)) for start in starts)


def _alike(one: _Token, other: _Token) -> bool:
    return one[0] == other[0] or one[1] == other[1]
