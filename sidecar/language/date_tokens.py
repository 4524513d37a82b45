"""A text becomes words, numbers and marks, each with the part that it plays in a date and its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.language.date_words import SPACELESS, Vocabulary
from sidecar.language.terms import fold

_SPACELESS_LANGUAGE = {word: language for language, words in SPACELESS.items() for word in words.split()}
_SPACELESS_WORDS = "|".join(sorted(_SPACELESS_LANGUAGE, key=len, reverse=True))

# No part of a version, a time, an amount, an address or a path; a dash stands between two numbers or not at all.
_BEFORE = r"(?<![\w.,:/$€£+#])(?<![^\W\d]-)(?<!\s-)"
_AFTER = r"(?![\w%€$£°]|[.,:/]\d|\s[%€$£])"
_TOKEN = re.compile(
    rf"""
    (?P<han>(?<!\d)\d{{4}}年(?:\d{{1,2}}月(?:\d{{1,2}}[日号])?)?(?![前間间代度]))
    | (?P<numeric>(?<![\w./:,+-])(?:
        \d{{4}}-\d{{2}}-\d{{2}} | \d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}} | \d{{1,2}}(?P<mark>[/.-])\d{{1,2}}(?P=mark)\d{{4}}
        | \d{{1,2}}/\d{{1,2}}/\d{{2}} | \d{{4}}-\d{{2}} | \d{{4}}-W\d{{2}} | \d{{4}}[- ]?Q[1-4] )(?![\w/:%-]|[.,]\d))
    | (?P<short>(?<![\w./:,+-])(?:\d{{1,2}}\.\d{{1,2}}\.(?=\s|$|[,;?!)]) | \d{{2}}/\d{{2}}(?![\w/:%-]|[.,]\d)))
    | (?P<quarter>(?<![\w.-])[QqT][1-4](?![\w.-]))
    | (?P<ordinal>{_BEFORE}\d{{1,2}}(?:(?:st|nd|rd|th|er|re|[ºª°])(?!\w)|\.(?=\s|$)))
    | (?P<number>{_BEFORE}\d{{1,4}}{_AFTER})
    | (?P<spaceless>{_SPACELESS_WORDS})
    | (?P<word>(?:[^\W\d_]|[\u0300-\u036f])+(?!\w|\.\w))
    | (?P<junk>\w+)
    | (?P<other>[^\w\s'’ʼ-]|(?<!\w)-|-(?!\w)|(?<=\d)-)
    """,
    re.VERBOSE,
)
_MARKS = {",": ",", "-": "-", "–": "-", "—": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word, number or mark: its letter in the grammar, what it stands for, its roles in front of a date."""

    letter: str
    value: str
    word: str
    """Folded; several words of the text may be one."""
    roles: frozenset[str]
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Cut a text into words without a part yet, numbers and marks."""
    return list(_cut(text))


def read_in(found: Sequence[Token], vocabulary: Vocabulary) -> list[Token]:
    """Give the words their parts in one language, and join those that are one entry. The dot of a short month goes."""
    joined: list[Token] = []
    place = 0
    while place < len(found):
        token, width = _longest(found, place, vocabulary)
        if not (token.word == "." and joined and joined[-1].letter == "m"):
            joined.append(token)
        place += width
    return joined


def spaceless_language(word: str) -> str | None:
    """The language of a word told from today in a script without spaces."""
    return _SPACELESS_LANGUAGE.get(word)


def _cut(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        word = match.group()
        letter, value = _meant(kind, word)
        yield Token(
            letter=letter, value=value, word=fold(word), roles=frozenset(), start=match.start(), end=match.end()
        )


def _meant(kind: str, word: str) -> tuple[str, str]:
    match kind:
        case "word":
            return ".", ""
        case "junk":
            return "|", ""
        case "other":
            return _MARKS.get(word, "|"), ""
        case "han" | "numeric":
            return "Q", word
        case "short":
            return "e", word
        case "quarter":
            return "q", word[1]
        case "ordinal":
            return "O", re.sub(r"\D", "", word)
        case "spaceless":
            return "R", word
        case _:
            number = int(word)
            if len(word) == 4:
                return ("Y" if 1000 <= number < 3000 else "."), word
            return ("N" if 1 <= number <= 31 else "B"), word


def _longest(found: Sequence[Token], place: int, vocabulary: Vocabulary) -> tuple[Token, int]:
    first = found[place]
    if first.letter == "." and first.word[:1].isalpha():
        for width in (4, 3, 2, 1):
            run = found[place : place + width]
            phrase = " ".join(token.word for token in run)
            letter, value = vocabulary.parts.get(phrase, (".", ""))
            roles = vocabulary.roles.get(phrase, frozenset())
            if letter != "." or roles:
                span = {"start": first.start, "end": run[-1].end}
                return Token(letter=letter, value=value, word=phrase, roles=roles, **span), len(run)
    return first, 1
