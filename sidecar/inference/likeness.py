"""How far two words are the same word, without knowing their language."""

from __future__ import annotations

_SHARED = 5


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
