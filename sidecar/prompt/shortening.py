"""A passage that does not fit gives what is nearest to the question, in the order of the note and in whole sentences.

How near a part is: the question's words in it, each the more the fewer parts have it, and what a search found of it.
Where nothing tells, its beginning is taken.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sidecar.chunking.cutting import cut_text
from sidecar.language.recognition import stop_words_of
from sidecar.language.terms import terms
from sidecar.prompt.passage import Passage
from sidecar.prompt.slicing import Range, joined_ranges, piece

_PARAGRAPH = re.compile(r"\S(?:[^\n]|\n(?![ \t]*\n))*")
_SENTENCE = re.compile(
    r"""\S(?:[^.!?…।؟۔。！？；｡]|[.!?…।؟۔](?!["'”’»)\]]{0,3}\s))*+"""
    r"""[.!?…।؟۔。！？；｡]*["'”’»)\]」』）】]*"""
)
_AT_LINES = re.compile(r"[ \t]*(?:[-*+|>]|\d{1,9}[.)])[ \t|]?")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_LONGEST_PART = 300
_LEAST_PART = 24
_SHORTEST_PART = 40
# What a mark for a gap takes, with the link of the piece behind it.
_GAP = 24
_MOST_QUESTION = 1_000
_MOST_KEYS = 48
# Words are compared by their beginning: endings differ, and the index that knows them is not asked again.
_STEM = 5


@dataclass(slots=True)
class _Choice:
    """The parts chosen so far, and the characters that are left."""

    parts: Sequence[Range]
    left: int
    chosen: set[int] = field(default_factory=set)

    def take(self, number: int) -> bool:
        """Choose a part if it fits; a part that continues none of those chosen takes a mark more."""
        needed = self._length(number) + (0 if {number - 1, number + 1} & self.chosen else _GAP)
        if number in self.chosen or needed > self.left:
            return False
        self.chosen.add(number)
        self.left -= needed
        return True

    def close_gaps(self) -> None:
        """Take the short parts between two that are chosen: the mark for a gap is as long."""
        for number in [chosen + 1 for chosen in self.chosen if chosen + 2 in self.chosen]:
            if number not in self.chosen and self._length(number) <= _GAP:
                self.chosen.add(number)

    def _length(self, number: int) -> int:
        """With the blanks behind it."""
        start, end = self.parts[number]
        return (self.parts[number + 1][0] if number + 1 < len(self.parts) else end) - start


def shortened(passage: Passage, *, characters: int, question: str) -> tuple[Passage, ...]:
    """The pieces of a passage that fit into so many characters, in the order of the note; none where nothing does."""
    parts = _parts(passage.text, min(_LONGEST_PART, max(_LEAST_PART, characters // 3)))
    choice = _Choice(parts, characters)
    scores = _scores(passage, parts, question)
    best = sorted((number for number, score in enumerate(scores) if score > 0), key=lambda n: (-scores[n], n))
    for number in best:
        choice.take(number)
    choice.close_gaps()
    _grow(choice, best)
    ranges = joined_ranges((parts[number] for number in choice.chosen), passage.text)
    pieces = tuple(piece(passage, start, end) for start, end in ranges)
    fits = sum(len(each.text) + len(each.lead) for each in pieces) <= characters
    return pieces if fits else tuple(replace(each, lead="") for each in pieces)


def with_less_around(passage: Passage, *, most: int) -> Passage:
    """What was found of a passage, and of what was added around it the nearest whole sentences: at most so many letters
    on either side, of which a character of Chinese or Japanese is worth three.
    """
    if not passage.matched:
        return passage
    start, end = passage.matched[0].start, passage.matched[-1].end
    behind = passage.text[end:]
    before = [first for first, _ in _parts(passage.text[:start], _LONGEST_PART)]
    first = next((place for place in before if _letters(passage.text[place:start]) <= most), start)
    last = max((stop for _, stop in _parts(behind, _LONGEST_PART) if _letters(behind[:stop]) <= most), default=0)
    return piece(passage, first, end + last, missed=False)


def _letters(text: str) -> int:
    return len(text) + 2 * len(_DENSE.findall(text))


def _grow(choice: _Choice, best: Sequence[int]) -> None:
    """Fill what is left with what stands around the best parts; from the beginning where there are none."""
    starts = [number for number in best if number in choice.chosen] or [0]
    for start in starts:
        for step in (1, -1):
            number = start if start not in choice.chosen else start + step
            while 0 <= number < len(choice.parts) and (number in choice.chosen or choice.take(number)):
                number += step


def _parts(text: str, longest: int) -> list[Range]:
    """Paragraphs; of long ones the lines or sentences."""
    return list(_cut(text, longest))


def _cut(text: str, longest: int) -> Iterator[Range]:
    for paragraph in _PARAGRAPH.finditer(text):
        start, end = paragraph.start(), paragraph.start() + len(paragraph[0].rstrip())
        if _AT_LINES.match(text, start) or end - start <= longest:
            yield from cut_text(text, start, end, longest, at_lines=True)
            continue
        for first, last in _sentences(text, start, end, min(_SHORTEST_PART, longest)):
            yield from cut_text(text, first, last, longest, at_lines=False)


def _sentences(text: str, start: int, end: int, shortest: int) -> Iterator[Range]:
    """Sentences, very short ones with those behind them."""
    first: int | None = None
    for sentence in _SENTENCE.finditer(text, start, end):
        first = sentence.start() if first is None else first
        if sentence.end() - first >= shortest:
            yield first, sentence.end()
            first = None
    if first is not None:
        yield first, end


def _scores(passage: Passage, parts: Sequence[Range], question: str) -> list[float]:
    wanted = _keys(question[:_MOST_QUESTION], without=stop_words_of(question))
    having = [wanted & _keys(passage.text[start:end]) for start, end in parts] if wanted else [set()] * len(parts)
    spread = Counter(key for keys in having for key in keys)
    found = [sum(math.log1p(len(parts) / spread[key]) for key in keys) for keys in having]
    # A part that a search found comes before any other, whatever words of the question stand elsewhere.
    above = max(found, default=0.0) + 1.0
    return [score + above * _found(passage, part) for score, part in zip(found, parts, strict=True)]


def _found(passage: Passage, part: Range) -> bool:
    return any(matched.start < part[1] and part[0] < matched.end for matched in passage.matched)


def _keys(text: str, *, without: frozenset[str] = frozenset()) -> set[str]:
    keys = (term if len(term) <= _STEM else term[:_STEM] for term in terms(text) if term not in without)
    return set(sorted(set(keys), key=len)[-_MOST_KEYS:]) if without else set(keys)
