r"""Text becomes the stream of terms that lexical search matches, the same for notes and for queries.

Folding: compatibility forms and case are folded, and the accents of Latin, Greek and Cyrillic dropped, on both sides.
Scripts without spaces become overlapping pairs of characters; in all others a term is a word. Marks of Indic and other
scripts stay inside their words (`\w` alone would cut Hindi at every vowel sign).
"""

from __future__ import annotations

import re
import unicodedata

TERMS_VERSION = 2
"""Part of the index's fingerprint: a change in what becomes of a text makes the stored streams stale."""

_ACCENTS = re.compile("[\u0300-\u036f]")
# Marks that belong inside words: Hebrew points, Arabic marks, the Indic blocks.
_MARKS = "\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0dff"
# Written without spaces between words: Thai, Lao, Burmese, Khmer, kana, bopomofo, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
)
# The blocks above hold full stops and signs too, such as the danda that ends a Hindi sentence; FTS5 splits at them.
_SIGNS = "\u30a0\u30fb" + "".join(chr(c) for c in range(0x0591, 0x1800) if unicodedata.category(chr(c))[0] not in "LMN")
_RUN = re.compile(rf"(?P<unspaced>(?:(?![{_SIGNS}])[{_UNSPACED}])+)|(?:(?![{_UNSPACED}{_SIGNS}_])[\w{_MARKS}])+")
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
    for match in _RUN.finditer(folded):
        run = match.group()
        if match.lastgroup == "unspaced" and len(run) > 1:
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        else:
            found.append(run)
    return found


def token_stream(text: str) -> str:
    """The terms joined by spaces: what FTS5 is given to store."""
    return " ".join(terms(text))
