r"""Words of a text in one spelling: what is compared when two texts, or a text and a query, are.

Folding: compatibility forms and case are folded, and the accents of Latin, Greek and Cyrillic dropped, on both sides.
Scripts without spaces become overlapping pairs: of characters in Chinese, Japanese and Korean, of written syllables in
Thai, Lao, Burmese and Khmer, whose vowel and tone signs are no letters of their own. In all others a term is a word.
Marks of Indic and other scripts stay inside their words (`\w` alone would cut Hindi at every vowel sign).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from operator import add

# The short i of Cyrillic (й) is a letter of its own, which every keyboard has; ё is not, and is mostly written е.
_ACCENTS = re.compile("[\u0300-\u0305\u0307-\u036f]|(?<!\u0438)\u0306")


def _letters(*ranges: tuple[int, int]) -> str:
    """Letters, marks and numbers of some blocks; FTS5 splits at their signs, such as the danda of a Hindi sentence."""
    characters = (chr(code) for first, last in ranges for code in range(first, last + 1))
    return "".join(character for character in characters if unicodedata.category(character)[0] in "LMN")


# Marks that belong inside words: Hebrew points, Arabic marks, the Indic blocks.
MARKS = _letters(
    (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED), (0x0900, 0x0DFF)
)  # fmt: skip
# Written without spaces between words, or, like Korean, with endings that no dictionary of ours takes off: Thai, Lao,
# Burmese, Khmer, kana, bopomofo, Han, Hangul.
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f"
)
_SYLLABIC = _letters((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
_UNSPACED = _SYLLABIC + (
    "\u3005-\u3007\u3040-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003134f"
)
# One class per kind of run; lookahead for the exceptions at each character took three times as long. What is between
# the words of folded text is told by the first lookahead alone, mostly.
_RUN = re.compile(rf"(?=[a-z0-9\x80-\U0010ffff])(?:([{_UNSPACED}]++)|((?:[^\W_{SPACELESS}]++|[{MARKS}]++)++))")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_HAS_SYLLABIC = re.compile(f"[{_SYLLABIC}]")
# A written syllable: a vowel sign that stands before its consonant, the consonant (with those stacked below it), its
# marks, and a vowel sign that stands after it. What fits nowhere is a syllable of one character.
_SYLLABLE = re.compile(
    "[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*[\u0e30\u0e32\u0e45]?"
    "|[\u0ec0-\u0ec4]?[\u0e81-\u0eae\u0edc-\u0edf][\u0eb1\u0eb4-\u0ebd\u0ec8-\u0ecd]*[\u0eb0\u0eb2]?"
    "|[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3])*[\u17b6-\u17d3]*"
    "|[\u1000-\u102a\u103f](?:\u1039[\u1000-\u102a]|[\u102b-\u1038\u103a-\u103e])*"
    "|."
)


def fold(text: str) -> str:
    """Fold case, compatibility forms and accents, so that `Café`, `CAFÉ` and `cafe` are one."""
    if text.isascii():
        return text.lower()
    # Twice: compatibility forms such as ™ and № hide capitals.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def lowered(text: str) -> str:
    """Fold case and compatibility forms, and leave the accents that make a letter: what a stemmer wants."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.casefold()).casefold())
    # What has no composed form is a stress mark or a stray accent.
    return _ACCENTS.sub("", composed)


def terms(text: str) -> list[str]:
    """The terms of a text in order, repeats kept."""
    folded = fold(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    found: list[str] = []
    for unspaced, word in runs(folded):
        if unspaced:
            found.extend(pairs(unspaced))
        else:
            found.append(word)
    return found


def runs(text: str) -> Iterator[tuple[str, str]]:
    """The runs of folded or lowered text: each either without spaces, as the first, or a word, as the second."""
    if text.isascii():
        return ((("", word)) for word in _ASCII_WORD.findall(text))
    return iter(_RUN.findall(text))


def ascii_words(text: str) -> list[str]:
    """The words of lower-case ASCII text."""
    return _ASCII_WORD.findall(text)


def units(run: str) -> Sequence[str]:
    """The written syllables, or else the characters, of a folded run of a script without spaces."""
    return _SYLLABLE.findall(run) if _HAS_SYLLABIC.search(run) else run


def pairs(run: str) -> list[str]:
    """The overlapping pairs of units of a folded run; a run of one unit is one."""
    found = units(run)
    return list(map(add, found, found[1:])) if len(found) > 1 else [run]
