"""Where words of an answer stand in the passages: to the letter, or nearly."""

from __future__ import annotations

import difflib
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sidecar.language.terms import MARKS, SPACELESS, fold

_WORD = re.compile(rf"[{SPACELESS}]|(?:[^\W_{SPACELESS}]|[{MARKS}])+")
_LEFT_OUT = re.compile(r"\[\s*(?:…|\.{3})\s*\]|\(\s*(?:…|\.{3})\s*\)|…|\.{3,}")
_WIKILINK = re.compile(r"!?\[\[(?:[^\[\]|\n]*\|)?([^\[\]\n]*)\]\]")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)")
_SIGNS = re.compile(r"[*_`~=]{1,3}|\[\^[^\]\s]*\]|^\s*(?:>|#{1,6}\s|[-+]\s)\s*", re.MULTILINE)
_QUOTES = str.maketrans(dict.fromkeys("“”„«»‹›「」『』‟", '"') | dict.fromkeys("‘’‚‛", "'"))
# Of a quotation's words, how many must stand in the note in the same order, for it to be that of the note.
_NEAR = 0.8
_COMMON = 40
_BEFORE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A stretch of the text numbered `index`, and whether it has all the words, one after the other."""

    index: int
    start: int
    end: int
    whole: bool


def plain(text: str) -> str:
    """A piece of a note as it is read: without marks, on one line."""
    text = _LINK.sub(r"\1", _WIKILINK.sub(r"\1", text))
    return " ".join(_SIGNS.sub("", text).split())


def same_wording(one: str, other: str) -> bool:
    """Whether two quotations are the same but for marks, blanks, kinds of quotation marks, and signs at the ends."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    bare = unicodedata.normalize("NFC", plain(text)).translate(_QUOTES).strip(" .,;:!?…\"'()。，、；：！？")
    return bare[:1].casefold() + bare[1:]


def weight(text: str) -> float:
    """How many words a text has; a word of a script without spaces is three characters."""
    words = _WORD.findall(text)
    spaceless = sum(1 for word in words if len(word) == 1 and re.match(f"[{SPACELESS}]", word))
    return len(words) - spaceless + spaceless / 3


class _Text:
    """A text by its words, looked at when it is first needed."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        return [match.span() for match in _WORD.finditer(self._text)]

    @cached_property
    def words(self) -> list[str]:
        return [fold(self._text[start:end]) for start, end in self.spans]

    @cached_property
    def joined(self) -> str:
        return "\0" + "\0".join(self.words) + "\0"

    @cached_property
    def offsets(self) -> list[int]:
        offsets, at = [], 0
        for word in self.words:
            offsets.append(at)
            at += len(word) + 1
        return offsets

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for position, word in enumerate(self.words):
            positions.setdefault(word, []).append(position)
        return positions

    def find(self, words: Sequence[str], *, after: int = 0) -> int | None:
        """The first word of a stretch that has these words, at or behind the word numbered `after`."""
        if after >= len(self.offsets):
            return None
        at = self.joined.find("\0" + "\0".join(words) + "\0", self.offsets[after])
        return None if at < 0 else bisect_left(self.offsets, at)


class Wording:
    """The words of some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [_Text(text) for text in texts]

    def find(self, quotation: str) -> Found | None:
        """Where a quotation stands, whole, or else nearly."""
        parts = [words for part in _LEFT_OUT.split(quotation) if (words := _words(plain(part)))]
        if not parts:
            return None
        for index, text in enumerate(self._texts):
            if (span := _whole(text, parts)) is not None:
                return Found(index=index, start=span[0], end=span[1], whole=True)
        return self._near(parts[0]) if len(parts) == 1 else None

    def _near(self, words: Sequence[str]) -> Found | None:
        best: tuple[float, Found] | None = None
        for index, text in enumerate(self._texts):
            found = _nearly(text, words)
            if found is not None and (best is None or found[0] > best[0]):
                best = found[0], Found(index=index, start=found[1], end=found[2], whole=False)
        return None if best is None else best[1]


def _words(text: str) -> list[str]:
    return [fold(word) for word in _WORD.findall(text)]


def _whole(text: _Text, parts: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    first, after = None, 0
    for words in parts:
        found = text.find(words, after=after)
        if found is None:
            return None
        first, after = found if first is None else first, found + len(words)
    assert first is not None
    return text.spans[first][0], text.spans[after - 1][1]


def _nearly(text: _Text, words: Sequence[str]) -> tuple[float, int, int] | None:
    shifts: Counter[int] = Counter()
    for place, word in enumerate(words):
        positions = text.positions.get(word, ())
        if len(positions) <= _COMMON:
            shifts.update((position - place) // _BEFORE for position in positions)
    if not shifts:
        return None
    shift, votes = max(shifts.items(), key=lambda item: item[1] + shifts[item[0] + 1])
    if votes + shifts[shift + 1] < len(words) / 2:
        return None
    start = max(0, shift * _BEFORE - _BEFORE)
    window = text.words[start : start + len(words) + 4 * _BEFORE]
    blocks = difflib.SequenceMatcher(None, words, window, autojunk=False).get_matching_blocks()[:-1]
    matched = sum(block.size for block in blocks)
    # What differs at the ends is taken to be as long in the note.
    first = max(0, blocks[0].b - blocks[0].a) if blocks else 0
    last = blocks[-1].b + blocks[-1].size + len(words) - blocks[-1].a - blocks[-1].size if blocks else 0
    last = min(last, len(window))
    if not blocks or matched < _NEAR * max(len(words), last - first):
        return None
    return matched / len(words), text.spans[start + first][0], text.spans[start + last - 1][1]
