"""What Sidecar says in an answer in its own words, in every language that it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

from sidecar.inference.phrases import Phrases, phrases
from sidecar.language.stemming import STEMMED

_WITHOUT_STEMMER = frozenset({"he", "ja", "ko", "th", "uk", "vi", "zh"})


def spoken() -> Iterator[Phrases]:
    """The phrases of each language that has some of its own."""
    yield from dict.fromkeys(phrases(language) for language in sorted(STEMMED | _WITHOUT_STEMMER))


def own_words() -> Iterator[str]:
    """What is said in any of them, but for the words that say that nothing was found."""
    for said in spoken():
        yield from (text for text in astuple(said) if isinstance(text, str) and text != said.nothing)
