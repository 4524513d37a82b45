"""The same text in two notes goes into the prompt once: copies, conflicting versions, what is embedded and also found.

What is nearly the same counts as the same only with the same numbers in it: two days of a diary, written on one
template, differ in nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sidecar.language.terms import terms
from sidecar.prompt.passage import Passage

# Shorter texts ("Went for a run.") are said anew on many days.
_LEAST_TERMS = 12
_LEAST_TERMS_OF_OTHER_DAY = 40
_LEAST_TERMS_NEARLY = 30
_MOST_TERMS = 4_000
_SHINGLE = 5
# Of its shingles of five words: one changed word of thirty leaves that many.
_NEARLY = 0.8
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage's text as it is compared."""

    words: tuple[str, ...]
    shingles: frozenset[tuple[str, ...]]
    numbers: frozenset[str]


def without_duplicates(passages: Sequence[Passage]) -> list[Passage]:
    """Passages, given best first, without those whose text another has, and without embeds that are there anyway. The
    more complete one takes the place of the better one; a mentioned note is kept.
    """
    kept: list[tuple[Passage, _Read]] = []
    for passage in passages:
        read = _read(passage.text)
        place = next((n for n, (other, has) in enumerate(kept) if _same(passage, read, other, has)), None)
        if place is None:
            kept.append((passage, read))
        elif len(read.words) > 1.1 * len(kept[place][1].words) and not kept[place][0].mentioned:
            better = kept[place][0]
            kept[place] = (replace(passage, score=max(better.score, passage.score)), read)
    whole = [passage for passage, _ in kept]
    return [_without_embeds(passage, whole) for passage in whole]


def _same(one: Passage, read: _Read, other: Passage, has: _Read) -> bool:
    # A copy that stays here is no reason to leave out one that may be sent.
    if (one.vault, one.path) == (other.vault, other.path) or one.local != other.local or one.mentioned:
        return False
    length = min(len(read.words), len(has.words))
    if length < (_LEAST_TERMS if one.date == other.date else _LEAST_TERMS_OF_OTHER_DAY):
        return read.words == has.words and one.title == other.title and one.date == other.date and length > 0
    return read.words == has.words or (length >= _LEAST_TERMS and _covers(read, has, nearly=length))


def _covers(one: _Read, other: _Read, *, nearly: int) -> bool:
    """Whether the shorter text is in the longer one, as it is or nearly."""
    short, long = sorted((one, other), key=lambda read: len(read.words))
    if not short.shingles or not short.numbers <= long.numbers:
        return False
    share = len(short.shingles & long.shingles) / len(short.shingles)
    return share == 1.0 or (nearly >= _LEAST_TERMS_NEARLY and share >= _NEARLY)


def _read(text: str) -> _Read:
    words = tuple(terms(text[: 20 * _MOST_TERMS])[:_MOST_TERMS])
    shingles = frozenset(words[n : n + _SHINGLE] for n in range(len(words) - _SHINGLE + 1))
    return _Read(words=words, shingles=shingles, numbers=frozenset(_NUMBER.findall(text)))


def _without_embeds(passage: Passage, passages: Sequence[Passage]) -> Passage:
    if not passage.embedded:
        return passage
    texts = [
        _plain(other.text)
        for other in passages
        # What stays here may be left out later, and its words with it.
        if (other.vault, other.path) != (passage.vault, passage.path) and other.local <= passage.local
    ]
    shown = tuple(each for each in passage.embedded if not any(_plain(each.text) in text for text in texts))
    return replace(passage, embedded=shown)


def _plain(text: str) -> str:
    return " ".join(text.split())
