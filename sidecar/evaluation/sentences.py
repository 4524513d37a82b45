"""The sentences of an answer that claim something, each with the notes that it cites. Knows no passages.

Left aside are headings and lines that lead to a list, questions to the reader, citations that stand alone, and what
Sidecar says in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sidecar.evaluation.abstaining import admits
from sidecar.evaluation.own_words import own_words
from sidecar.inference.sentences import quotable
from sidecar.language.terms import fold

_LINK = re.compile(r"!?\[\[([^\[\]|\n]{1,400})(?:\|([^\[\]\n]{0,400}))?\]\]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,40}\]:?")
# A citation behind its sentence belongs to it.
_BEHIND = re.compile(
    r"([.!?…。！？؟।][\"'”’»)\]*_」』]{0,3})[ \t]{0,4}((?:\[\[[^\[\]\n]{1,400}\]\][ \t,;]{0,4})+)([.。]?)"
)
_CITATIONS_ALONE = re.compile(r"\n\s{0,8}(?:\[\[[^\[\]\n]{1,400}\]\][ \t,;]{0,4})+\Z")
_CLAIMS_NOTHING = (":", "：", "?", "？", "؟")
_CLOSING = " \t\"'”’»)]*_」』）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of an answer, without the links in it; `cites` are their targets."""

    text: str
    read: str
    """As it is read, with the links' names."""
    cites: tuple[str, ...] = ()
    admits: bool = False
    """Whether it says that the notes do not hold what was asked."""


def sentences(answer: str) -> list[Sentence]:
    """The sentences of an answer in order; those that claim nothing are left out."""
    return [sentence for piece in quotable(_gathered(answer)) if (sentence := _sentence(piece)) is not None]


def reading_text(answer: str) -> str:
    """An answer's text with links as they are read, without citations that stand alone and Sidecar's own words."""
    return "\n".join(_read(line) for line in answer.split("\n") if not _own(line) and not _citation(line))


def citations_outside(answer: str, found: list[Sentence]) -> int:
    """How many citations stand outside the sentences that admit something. Those alone at the very end, where a model
    that cites nothing is given some, do not count.
    """
    text = _CITATIONS_ALONE.sub("", answer.rstrip())
    admitting = sum(len(sentence.cites) for sentence in found if sentence.admits)
    return max(0, len(_LINK.findall(text)) - admitting)


def _gathered(answer: str) -> str:
    return _BEHIND.sub(r" \2\1\3", answer)


def _sentence(piece: str) -> Sentence | None:
    text = _plain(piece)
    cites = tuple(found[0].strip() for found in _LINK.findall(piece))
    if _own(text) or _citation(piece) or not any(char.isalnum() for char in text):
        return None
    admitting = admits(text)
    if not admitting and text.rstrip(_CLOSING).endswith(_CLAIMS_NOTHING):
        return None
    return Sentence(text=text, read=_read(piece), cites=cites, admits=admitting)


def _plain(text: str) -> str:
    return " ".join(_FOOTNOTE.sub("", _LINK.sub(lambda link: link[2] or "", text)).split())


def _read(text: str) -> str:
    return _plain(_LINK.sub(lambda link: link[2] or link[1], text))


def _citation(text: str) -> bool:
    """Whether there is nothing but a citation; a date beside it is the note's."""
    return _LINK.search(text) is not None and not any(char.isalpha() for char in _plain(text))


def _own(text: str) -> bool:
    return _key(text) in _own_lines()


@cache
def _own_lines() -> frozenset[str]:
    """What Sidecar says itself, whole and by the sentence."""
    return frozenset(_key(piece) for text in own_words() for piece in _with_parts(text))


def _with_parts(text: str) -> Iterator[str]:
    yield text
    yield from quotable(text)


def _key(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalnum())
