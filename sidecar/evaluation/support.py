"""Whether passages support the sentences of an answer, as far as words tell.

A sentence is supported by a passage that has most of its informative words (stems in the answer's language), all of its
numbers and all of its names; or by the passages that it cites, taken together. Words are all that is compared: a
sentence with the passage's words that says the opposite passes, and a paraphrase in other words fails. What is too
short to judge is not, and nothing is where no passage is in the answer's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.evaluation.sentences import Sentence
from sidecar.evaluation.words import Said, forms_of, has_number, informative, letters_of, names, said, written_numbers
from sidecar.language.calendar import month_number
from sidecar.language.identification import identify
from sidecar.language.recognition import language_of
from sidecar.language.terms import fold

SHARE = 0.6
"""Of the informative words that one passage must have: what the checker of citations asks of a whole answer."""
_LEAST_WORDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A passage as the answer could use it: `text` with title, headings and date."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The sentences of an answer that could be judged, and those of them that nothing supports, as texts."""

    sentences: int
    unsupported: tuple[str, ...]
    unjudged: int = 0
    """Those that claim something and could not be judged."""


def judge(found: Sequence[Sentence], grounds: Sequence[Ground], *, readable: Sequence[Ground] = ()) -> Judged:
    """Judge an answer's sentences by passages; those that admit something are left out.

    `readable` are further passages that the answer may have been written from, which only tell the languages.
    """
    claims = [sentence for sentence in found if not sentence.admits]
    text = "\n".join(sentence.text for sentence in claims)
    language, passages = identify(text), [*grounds, *readable]
    if not _comparable(language, passages):
        return Judged(sentences=0, unsupported=(), unjudged=len(claims))
    # Short answers are in the language of their passages, more often than not.
    language = language or identify("\n".join(each.text for each in passages)) or language_of(text)
    judging = [sentence for sentence in claims if _judgeable(sentence, language)]
    support = Support(grounds, language=language)
    return Judged(
        sentences=len(judging),
        unsupported=tuple(sentence.text for sentence in judging if not support.of(sentence)),
        unjudged=len(claims) - len(judging),
    )


class Support:
    """Passages, taken apart once for all sentences of an answer in one language."""

    def __init__(self, grounds: Sequence[Ground], *, language: str | None) -> None:
        self._language = language
        self._said = [(fold(ground.link), said(ground.text, language=language)) for ground in grounds]

    def of(self, sentence: Sentence) -> bool:
        """Whether one passage, or those that the sentence cites, support it."""
        cited = {fold(target) for target in sentence.cites}
        together = [each for link, each in self._said if link in cited]
        merged = [_merged(together)] if len(together) > 1 else []
        return any(self._supports(each, sentence.text) for each in [*(each for _, each in self._said), *merged])

    def quoted(self, text: str) -> bool:
        """Whether a passage has the text word for word."""
        letters = letters_of(text)
        return bool(letters) and any(letters in each.whole for _, each in self._said)

    def _supports(self, ground: Said, text: str) -> bool:
        if (letters := letters_of(text)) and letters in ground.whole:
            return True
        if not all(has_number(ground.numbers, number) for number in written_numbers(text)):
            return False
        if not all(self._named(ground, name) for name in names(text, language=self._language)):
            return False
        words = informative(text, language=self._language)
        return sum(not ground.words.isdisjoint(forms) for forms in words) >= SHARE * len(words)

    def _named(self, ground: Said, name: str) -> bool:
        month = month_number(name)
        return not ground.words.isdisjoint(forms_of(name, self._language)) or str(month) in ground.numbers


def _judgeable(sentence: Sentence, language: str | None) -> bool:
    return bool(written_numbers(sentence.text)) or len(informative(sentence.text, language=language)) >= _LEAST_WORDS


def _comparable(language: str | None, grounds: Sequence[Ground]) -> bool:
    """Whether a passage may be in the answer's language; where none is known, it may."""
    languages = {identify(ground.text) for ground in grounds}
    return language is None or not languages or None in languages or language in languages


def _merged(all_said: Sequence[Said]) -> Said:
    return Said(
        words=frozenset[str]().union(*(each.words for each in all_said)),
        numbers=frozenset[str]().union(*(each.numbers for each in all_said)),
        whole="",
    )
