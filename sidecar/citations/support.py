"""Which words of a passage an answer's sentence rests on, and which passages a whole answer rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.language.recognition import STOP_WORDS
from sidecar.language.terms import terms

_END = re.compile(r"(?<=[.!?…])[\"'”’»)*_]*\s+|(?<=[。！？；।؟])|\n+")
_LINKS = re.compile(r"!?\[\[[^\[\]\n]*\]\]|\[\^[^\]\s]*\]")
# An answer without citations is credited to a passage that has this share of the answer's own informative terms.
_SHARE = 0.6
_MOST_SENTENCES = 3
_MOST_TEXT = 20_000
# The answer says that it found nothing: its words are those of the question, and so are the passage's.
_NOTHING = re.compile(
    r"\b(?:no|not|n't|nothing|none|neither|cannot|couldn't|don't|doesn't|didn't|isn't|aren't|unable"
    r"|não|nao|nada|nenhuma?|ningun[oa]?|ningún|nessun[oa]?|niente|nulla|non|aucune?|rien|pas|nicht|nichts|keine?[nrm]?"
    r"|не|нет|ничего|нету|नहीं|لا|لم|ليس|لن)\b|n't\b|没有|沒有|未|找不到|無い|ない|ません|ไม่|없",
    re.IGNORECASE,
)
_NOTES = re.compile(
    r"\b(?:notes?|vault|mentions?|mentioned|information|informations|context|sources?|documents?|found|find"
    r"|notas?|informação|información|informazioni|contexto|encontr\w*|menciona\w*|appunti|trov\w*|contesto|contexte"
    r"|mentionn\w*|trouv\w*|notizen?|angaben|hinweise?|gefunden|erwähn\w*|информац\w*|замет\w*|найд\w*|упомина\w*"
    r"|نोट\w*|नोट\w*|जानकारी|ملاحظات\w*|معلومات\w*)\b"
    r"|笔记|筆記|信息|資訊|提到|ノート|メモ|情報|記載|โน้ต|บันทึก|ข้อมูล|노트|정보",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a text, and how much of what was looked for it has, in [0, 1]."""

    start: int
    end: int
    share: float


def informative(text: str) -> frozenset[str]:
    """The terms of a text that say something."""
    return frozenset(term for term in terms(text) if term not in STOP_WORDS)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences and lines of a text begin and end, without blanks around them."""
    found, start = [], 0
    for match in [*_END.finditer(text), None]:
        end = match.start() if match is not None else len(text)
        stripped = text[start:end].strip()
        if stripped:
            begin = start + text[start:end].index(stripped)
            found.append((begin, begin + len(stripped)))
        start = match.end() if match is not None else end
    return found


def last_sentence(text: str) -> str:
    """The last sentence of an answer so far that says something, its citations aside."""
    text = _LINKS.sub(" ", text)
    for start, end in reversed(sentences(text)):
        if any(character.isalnum() for character in text[start:end]):
            return text[start:end]
    return ""


class Sentences:
    """The sentences of a stretch of text, which is looked at when it is first needed."""

    def __init__(self, text: str, *, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, min(end, start + _MOST_TEXT)
        self._spans: list[tuple[int, int, frozenset[str]]] | None = None

    def best(self, wanted: frozenset[str]) -> Span | None:
        """The sentence that has most of the terms, with those beside it that have others of them."""
        if self._spans is None:
            text = self._text[self._start : self._end]
            self._spans = [
                (self._start + start, self._start + end, informative(text[start:end])) for start, end in sentences(text)
            ]
        counts = [len(wanted & own) for _, _, own in self._spans]
        if not wanted or not any(counts):
            return None
        first = last = counts.index(max(counts))
        missing = wanted - self._spans[first][2]
        while missing and last - first + 1 < _MOST_SENTENCES:
            beside = [index for index in (first - 1, last + 1) if 0 <= index < len(counts)]
            gains = {index: len(missing & self._spans[index][2]) for index in beside}
            gain = max(gains, key=lambda index: gains[index], default=None)
            if gain is None or gains[gain] < max(1, len(missing) / 2):
                break
            missing -= self._spans[gain][2]
            first, last = min(first, gain), max(last, gain)
        return Span(start=self._spans[first][0], end=self._spans[last][1], share=1 - len(missing) / len(wanted))


def supporting(answer: str, texts: Sequence[str]) -> list[int]:
    """Which of the texts an answer rests on: those that share most of its terms, if they share enough. One that says
    that it found nothing rests on none.
    """
    own = informative(answer)
    if not own or any(_NOTHING.search(each) and _NOTES.search(each) for each in _first_sentences(answer)):
        return []
    shares = [len(own & frozenset(terms(text))) / len(own) for text in texts]
    best = max(shares, default=0.0)
    return [] if best < _SHARE else [index for index, share in enumerate(shares) if share == best]


def _first_sentences(answer: str) -> list[str]:
    return [answer[start:end] for start, end in sentences(answer[:2_000])[:2]]
