r"""Text becomes the stream of terms that lexical search matches, the same for notes and for queries.

Folding: compatibility forms and case are folded, and the accents of Latin, Greek and Cyrillic dropped, on both sides.
Scripts without spaces become overlapping pairs of characters; in all others a term is a word. Marks of Indic and other
scripts stay inside their words (`\w` alone would cut Hindi at every vowel sign).
"""

from __future__ import annotations

import re
import unicodedata
from operator import add

TERMS_VERSION = 2
"""Part of the index's fingerprint: a change in what becomes of a text makes the stored streams stale."""

_ACCENTS = re.compile("[\u0300-\u036f]")


def _letters(*ranges: tuple[int, int]) -> str:
    """Letters, marks and numbers of some blocks; FTS5 splits at their signs, such as the danda of a Hindi sentence."""
    characters = (chr(code) for first, last in ranges for code in range(first, last + 1))
    return "".join(character for character in characters if unicodedata.category(character)[0] in "LMN")


# Marks that belong inside words: Hebrew points, Arabic marks, the Indic blocks.
_MARKS = _letters(
    (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED), (0x0900, 0x0DFF)
)  # fmt: skip
# Written without spaces between words: Thai, Lao, Burmese, Khmer, kana, bopomofo, Han.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
)
_UNSPACED = _letters((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF)) + (
    "\u3005-\u3007\u3040-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
)
# One class per kind of run; lookahead for the exceptions at each character took three times as long. What is between
# the words of folded text is told by the first lookahead alone, mostly.
_RUN = re.compile(rf"(?=[a-z0-9\x80-\U0010ffff])(?:([{_UNSPACED}]++)|((?:[^\W_{_SPACELESS}]++|[{_MARKS}]++)++))")
_ASCII_WORD = re.compile(r"[a-z0-9]+")


def fold(text: str) -> str:
    """Fold case, compatibility forms and accents, so that `Café`, `CAFÉ` and `cafe` are one."""
    if text.isascii():
        return text.lower()
    # Twice: compatibility forms such as ™ and № hide capitals.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def terms(text: str) -> list[str]:
    """The terms of a text in order, repeats kept."""
    folded = fold(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    found: list[str] = []
    for unspaced, word in _RUN.findall(folded):
        if len(unspaced) > 1:
            found.extend(map(add, unspaced, unspaced[1:]))
        else:
            found.append(word or unspaced)
    return found


def token_stream(text: str) -> str:
    """The terms joined by spaces: what FTS5 is given to store."""
    return " ".join(terms(text))
