"""Messages that ask for nothing: greetings, thanks, praise, goodbyes, questions to the machine about itself.

A message is small talk when it is made of such phrases from its first word to its last; one further word, and it may
ask for something. The phrases of all languages are one list, because greetings are borrowed ("ok, merci").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

from sidecar.language.small_talk_words import ASSENT, BESIDE, SMALL_TALK
from sidecar.language.terms import fold, runs

SmallTalk: TypeAlias = Literal["talk", "assent"]

# Longer ones are no small talk; reading them costs nothing then.
_MOST_CHARACTERS = 160
_MOST_PARTS = 3
_ENDS = " \n\t,.!?…،؟，。！？、"
_PART_END = re.compile(r"(?:[,.!?…،؟](?=\s)|[，。！？、\n])\s*")
# By what a phrase says.
_SAID: tuple[SmallTalk | None, ...] = (None, "assent", "talk")
_STRETCHED = re.compile(r"(.)\1{2,}")
# Alef with any of its signs is one letter to those who type quickly.
_ALEF = str.maketrans("أإآٱ", "اااا", "ـ")
_ARABIC_MARKS = re.compile("[\u064b-\u065f\u0670]")


def small_talk_in(text: str) -> SmallTalk | None:
    """Tell whether a message is nothing but small talk.

    "assent" means that only words such as "yes" and "fine" are there, or a picture sign: they may answer a question.
    `None` for anything else, a message without words among them.
    """
    text = text.strip()
    if not text or len(text) > _MOST_CHARACTERS:
        return None
    flat = _flat(text)
    if not flat:
        return "assent" if any(unicodedata.category(sign) == "So" for sign in text) else None
    return _made_of(flat)


def without_small_talk(text: str) -> str:
    """A message without what is small talk before and behind what it asks; as it is when nothing else is there.

    "Hi, when is my appointment? Thanks!" becomes "when is my appointment?": a greeting is a word that no note has.
    """
    if small_talk_in(text):
        return text
    start, end = 0, len(text)
    for _ in range(_MOST_PARTS):
        first = _PART_END.search(text, start, min(end, start + _MOST_CHARACTERS))
        if first is None or not small_talk_in(text[start : first.start()]):
            break
        start = first.end()
    for _ in range(_MOST_PARTS):
        # From the end; the signs with which the last part ends do not begin another.
        until = len(text[max(start, end - _MOST_CHARACTERS) : end].rstrip(_ENDS)) + max(start, end - _MOST_CHARACTERS)
        parts = list(_PART_END.finditer(text, max(start, end - _MOST_CHARACTERS), until))
        if not parts or not small_talk_in(text[parts[-1].end() : end]):
            break
        end = parts[-1].end()
    return text[start:end].strip()


def _made_of(flat: str) -> SmallTalk | None:
    """What the phrases are that a message is made of; `None` when it cannot be parted into phrases."""
    # By position, the most that the phrases up to there say.
    reached: dict[int, int] = {0: 0}
    known = _phrases()
    for at in range(len(flat)):
        if at in reached:
            for phrase, says in known.get(flat[at], ()):
                if flat.startswith(phrase, at):
                    end = at + len(phrase)
                    reached[end] = max(reached.get(end, 0), reached[at], says)
    return _SAID[reached.get(len(flat), 0)]


@cache
def _phrases() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """The phrases by their first character, each with what it says, as in `_SAID`."""
    says: dict[str, int] = {}
    for words, value in ((BESIDE, 0), (ASSENT, 1), *((words, 2) for words in SMALL_TALK.values())):
        says |= dict.fromkeys(_flattened(words), value)
    by_first: dict[str, list[tuple[str, int]]] = {}
    for phrase, value in says.items():
        by_first.setdefault(phrase[0], []).append((phrase, value))
    return {first: tuple(phrases) for first, phrases in by_first.items()}


def _flattened(words: str) -> Iterator[str]:
    return (flat for phrase in words.split(",") if (flat := _flat(phrase)))


def _flat(text: str) -> str:
    """A text's words alone, each with a space behind it; nothing between those of scripts without spaces."""
    plain = _ARABIC_MARKS.sub("", fold(_STRETCHED.sub(r"\1", text)).translate(_ALEF))
    return "".join(unspaced or f"{word} " for unspaced, word in runs(plain))
