"""How far a message leans on what was said before it, told by its words alone. Knows neither turns nor notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sidecar.language.terms import fold
from sidecar.retrieval.anaphora import Signs, plain, spelled, written

# Up to so many content words beside a sign, and the question is surely a follow-up; with each more it is less so.
_SURE = 3
_FADING = 0.85
_OPENING = 0.9
_POINTING = 0.95
# What points may point to words before it in the same message, and surely does to a name; possessives do sooner still.
_POINTING_WITHIN = 0.3
_POINTING_TO_NAME = 0.1
_NEARER = 0.35
# Without any sign, by content words: one ("what was the price?") may be a follow-up, two rarely are.
_BARE = (1.0, 0.4, 0.15)
# An answer of so many content words is itself what the next question is about: "Anna Schmidt".
_SHORT_ANSWER = 6

_EDGES = "¿¡?!.,;:…\"'“”„«»()[]{}<>*_~`|/\\-–—=+·。，、？！：；（）「」『』《》؟،"
_SENTENCE_END = (".", "?", "!", ":", "…", '"', "”")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a message's words tell."""

    leaning: float
    """0 when it stands alone, 1 when it says nothing by itself."""
    words: tuple[str, ...] = ()
    """Its content words, as typed, in order."""
    asks: bool = True
    """False for "thanks" and "shorter, please": nothing in it is to be searched for."""
    moves: bool = False
    """It says itself that it begins another topic."""


def read(text: str, signs: Signs, *, narrowed: bool = False) -> Reading:
    """Read one message in plain words; `narrowed` says that it had a mention or a filter beside them."""
    words = _content(text, signs)
    flat = _flat(text, signs)
    if _places(flat, signs.moves, signs):
        return Reading(leaning=0.0, words=words, moves=True)
    if not narrowed and _only_talk(flat, signs):
        return Reading(leaning=1.0, asks=False)
    amount = _amount(words, signs)
    sign = max(_pointing(text, signs), _OPENING if _opens(flat, signs) else 0.0)
    alone = narrowed or bool(_names(text, words, signs))
    leaning = max(sign * _FADING ** max(0.0, amount - _SURE), 0.0 if alone else _bare(amount))
    return Reading(leaning=leaning, words=words)


def salient(answer: str, signs: Signs) -> tuple[str, ...]:
    """The words of an answer that the next question may be about: its names, or all of it where it is short."""
    words = tuple(dict.fromkeys(_content(answer, signs)))
    if _amount(words, signs) <= _SHORT_ANSWER:
        return words
    return tuple(word for word in words if word[0].isupper() or _DIGIT.search(word))


def _bare(amount: float) -> float:
    return _BARE[int(amount)] if amount < len(_BARE) else 0.0


def _pointing(text: str, signs: Signs) -> float:
    """How surely a word of the message points outside it."""
    flat = f" {' '.join(written(text))} "
    for phrase in signs.not_pointing:
        flat = flat.replace(f" {phrase} " if signs.spaced else phrase, " · ")
    names = {name.lower() for name in _names(text, _content(text, signs), signs)}
    outward = _places(flat, (*signs.phrases, *signs.pronouns), signs)
    if set(flat.split()[-1:]) & signs.last:
        outward.append(flat.rstrip().rfind(" "))
    found = [_outward(flat, at, names, signs) for at in outward]
    return max((*found, *(_near(flat, at, signs) for at in _places(flat, signs.near, signs))), default=0.0)


def _outward(flat: str, at: int, names: set[str], signs: Signs) -> float:
    before = _content(flat[:at], signs)
    final = " " not in flat[at:].strip()
    if not final and not names.isdisjoint(before):
        return _POINTING_TO_NAME
    return _POINTING if _amount(before, signs) < _SURE else _POINTING_WITHIN


def _near(flat: str, at: int, signs: Signs) -> float:
    return max(0.0, _POINTING - _NEARER * _amount(_content(flat[:at], signs), signs))


def _opens(flat: str, signs: Signs) -> bool:
    return any(flat.startswith(f" {opener} " if signs.spaced else f" {opener}") for opener in signs.openers)


def _only_talk(flat: str, signs: Signs) -> bool:
    if not signs.spaced:
        without_shapes = _any_of(signs.shapes).sub("", _any_of(signs.talk).sub("·", flat))
        return "·" in without_shapes and not without_shapes.strip(" ·")
    words = [fold(word) for word in flat.split()]
    if not words or signs.asking.intersection(words):
        return False
    says = signs.talk.union(signs.shapes if words[0] in signs.into else ())
    return not says.isdisjoint(words) and all(
        word in signs.talk or word in signs.shapes or word in signs.light or signs.points(word) for word in words
    )


def _content(text: str, signs: Signs) -> tuple[str, ...]:
    if not signs.spaced:
        text = _any_of(frozenset(sign for sign in signs.light | signs.pronouns if len(sign) > 1)).sub(" ", text)
        return tuple(piece for token in text.split() if len(piece := token.strip(_EDGES)) > 1)
    found = []
    for token in text.split():
        words = spelled(token)
        kept = [word for word in words if not _says_nothing(word, signs)]
        if kept:
            found.append(token.strip(_EDGES) if len(kept) == len(words) else " ".join(kept))
    return tuple(found)


def _says_nothing(word: str, signs: Signs) -> bool:
    return fold(word) in signs.light or signs.points(word.lower())


def _amount(words: Sequence[str], signs: Signs) -> float:
    """How many different content words; where none are parted by spaces, about as many as so many letters make."""
    if signs.spaced:
        return len({word.lower() for word in words})
    return sum(len(word) / (2 if "\u3040" <= word[0] <= "\u9fff" else 4) for word in words)


def _names(text: str, words: Iterable[str], signs: Signs) -> list[str]:
    """The words that name something: in capitals, with a digit, or capitalised within a sentence."""
    begin = {token.strip(_EDGES) for token in _beginnings(text)} if signs.capitals_name else set()
    return [
        word
        for word in words
        if _DIGIT.search(word)
        or (len(word) > 1 and word.isupper())
        or (signs.capitals_name and word[0].isupper() and word not in begin)
    ]


def _beginnings(text: str) -> list[str]:
    tokens = text.split()
    before = (".", *tokens)
    return [
        token for last, token in zip(before, tokens, strict=False) if last.endswith(_SENTENCE_END) or token[0] in "¿¡"
    ]


def _flat(text: str, signs: Signs) -> str:
    return f" {' '.join(map(plain, written(text)))} "


def _places(flat: str, sought: Iterable[str], signs: Signs) -> list[int]:
    return [at for sign in sought if (at := flat.find(f" {sign} " if signs.spaced else sign)) >= 0]


@cache
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)")
