"""Words of questions and sentences, made comparable: folded, with bigrams where a script writes no spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.inference.language import fold

# Vowel signs and points of Hebrew, Arabic and the Indic scripts stay inside their words; \w alone would cut there.
WORD = re.compile(r"(?:[^\W_]|[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0dff])+")
# Han, Kana, Thai, Lao, Burmese, Khmer.
_UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+)")
_SHARED = 5


def terms(text: str) -> Iterator[str]:
    """Give the words of a text in order; a stretch without spaces gives each pair of neighbouring characters."""
    for word in WORD.findall(fold(text)):
        for part in _UNSPACED.split(word):
            if _UNSPACED.match(part) and len(part) > 1:
                yield from (part[start : start + 2] for start in range(len(part) - 1))
            elif part:
                yield part


def likeness(term: str, other: str) -> float:
    """Say how far two terms are the same word: 1 for equal, 0.8 for a common stem, else 0.

    A common stem is a shared beginning of five letters that is most of the shorter word, or of 80 % of the longer one.
    Numbers have no stem.
    """
    if term[0] != other[0]:
        return 0.0
    if term == other:
        return 1.0
    shorter, longer = sorted((len(term), len(other)))
    if shorter < 4 or not (term.isalpha() and other.isalpha()):
        return 0.0
    shared = next((at for at in range(shorter) if term[at] != other[at]), shorter)
    stem = (shared >= _SHARED and shared >= 0.6 * shorter) or shared >= 0.8 * longer
    return 0.8 if stem else 0.0
