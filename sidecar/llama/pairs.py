"""A query and a text become the one sequence of tokens that a reranker was trained to judge.

Three forms. A causal model brings a template of its own. Encoders take `[CLS] query [SEP] text [SEP]`, or, those with a
vocabulary of unigrams (XLM-R), `<s> query </s></s> text </s>`; of other vocabularies the header says what stands
between the two, and at the end.

What is too long is cut at the end of the text; a query alone gets at most half of the room, and at most 256 tokens:
it is read again with each text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sidecar.errors import ModelUnavailableError
from sidecar.llama.classifier import DOCUMENT, QUERY
from sidecar.llama.gguf import GgufModel

CHARACTERS_PER_TOKEN = 16
"""More characters than this a token are cut before tokenising; real text has two to six."""
_LEAST_ROOM = 4
_LONGEST_QUERY = 256


class PairVocabulary(Protocol):
    """What building pairs asks of a loaded model."""

    def tokenize(self, text: str, *, special: bool) -> list[int]: ...

    def piece(self, token: int) -> bytes: ...

    def special_texts(self) -> list[str]: ...

    def ends_of_pair(self) -> EndsOfPair: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsOfPair:
    """The tokens around the two halves of a pair, as the header names them; `None` where it has none."""

    begin: int | None
    end: int | None
    separator: int | None
    add_end: bool
    add_separator: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One sequence; `text_at` is the place of the first token that belongs to the text's half."""

    tokens: Sequence[int]
    text_at: int


class Pairs(Protocol):
    """Builds pairs of at most a limit of tokens."""

    def build(self, query: str, texts: Sequence[str]) -> list[Pair]: ...


def pairs_of(model: GgufModel, vocabulary: PairVocabulary, *, limit: int) -> Pairs:
    """Choose the form for a model. Raises ModelUnavailableError when nothing fits within the limit."""
    if model.rerank_template:
        return TemplatePairs(model.rerank_template, vocabulary, limit=limit)
    return EncoderPairs(model.tokenizer, vocabulary, limit=limit)


class EncoderPairs:
    """Pairs of an encoder."""

    def __init__(self, tokenizer: str | None, vocabulary: PairVocabulary, *, limit: int) -> None:
        self._vocabulary = vocabulary
        ends = vocabulary.ends_of_pair()
        self._begin = _present(ends.begin)
        self._between, self._end = _around(tokenizer, ends)
        self._room = _room(limit - len(self._begin) - len(self._between) - len(self._end))

    def build(self, query: str, texts: Sequence[str]) -> list[Pair]:
        """One pair a text, in order."""
        tokens = self._tokens(query, min(_LONGEST_QUERY, self._room // 2))
        first = [*self._begin, *tokens, *self._between]
        left = self._room - len(tokens)
        return [Pair(tokens=[*first, *self._tokens(text, left), *self._end], text_at=len(first)) for text in texts]

    def _tokens(self, text: str, most: int) -> list[int]:
        return self._vocabulary.tokenize(text[: most * CHARACTERS_PER_TOKEN], special=False)[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A control token of a template, or what stands between two of them."""

    text: str
    control: bool

    def holding(self, query: str) -> _Part:
        return self if self.control else _Part(text=self.text.replace(QUERY, query), control=False)


class TemplatePairs:
    """Pairs of a causal model. The template's control tokens divide it: what stands between two of them is tokenised
    as one text, as in training, and nothing in a query or a text can become a control token.
    """

    def __init__(self, template: str, vocabulary: PairVocabulary, *, limit: int) -> None:
        self._vocabulary = vocabulary
        self._limit = limit
        parts = _divided(template, vocabulary.special_texts())
        place = next(number for number, part in enumerate(parts) if DOCUMENT in part.text)
        # The template is taken apart before anything is put in: a query may well contain "{document}".
        opening, _, closing = parts[place].text.partition(DOCUMENT)
        self._before, self._opening = parts[:place], _Part(text=opening, control=False)
        self._after = [_Part(text=closing, control=False), *parts[place + 1 :]]
        fixed = [part.holding("") for part in (*self._before, self._opening, *self._after)]
        self._room = _room(limit - len(self._tokens(fixed)))

    def build(self, query: str, texts: Sequence[str]) -> list[Pair]:
        """One pair a text, in order."""
        query = self._cut(query, min(_LONGEST_QUERY, self._room // 2))
        before = self._tokens([part.holding(query) for part in self._before])
        after = self._tokens([part.holding(query) for part in self._after])
        opening = self._opening.holding(query).text
        left = max(0, self._limit - len(before) - len(after))
        most = len(opening) + left * CHARACTERS_PER_TOKEN
        bodies = (self._vocabulary.tokenize((opening + text)[:most], special=False)[:left] for text in texts)
        return [Pair(tokens=[*before, *body, *after][: self._limit], text_at=len(before)) for body in bodies]

    def _tokens(self, parts: Sequence[_Part]) -> list[int]:
        return [
            token for part in parts if part.text for token in self._vocabulary.tokenize(part.text, special=part.control)
        ]

    def _cut(self, text: str, most: int) -> str:
        text = text[: most * CHARACTERS_PER_TOKEN]
        tokens = self._vocabulary.tokenize(text, special=False)
        if len(tokens) <= most:
            return text
        return b"".join(map(self._vocabulary.piece, tokens[:most])).decode("utf-8", "ignore")


def _around(tokenizer: str | None, ends: EndsOfPair) -> tuple[list[int], list[int]]:
    """The tokens between the halves, and those after the text."""
    closing = ends.end if ends.end is not None else ends.separator
    separator = ends.separator if ends.separator is not None else ends.end
    if tokenizer == "bert":
        return _present(separator), _present(separator)
    if tokenizer == "t5":
        return [*_present(closing), *_present(separator)], _present(closing)
    between = [*_present(closing if ends.add_end else None), *_present(separator if ends.add_separator else None)]
    return between, _present(closing if ends.add_end else None)


def _present(token: int | None) -> list[int]:
    return [] if token is None else [token]


def _room(tokens: int) -> int:
    if tokens < _LEAST_ROOM:
        raise ModelUnavailableError("The model's context is too short for a query and a text.")
    return tokens


def _divided(template: str, specials: Sequence[str]) -> list[_Part]:
    ordered = sorted({text for text in specials if text}, key=len, reverse=True)
    if not ordered:
        return [_Part(text=template, control=False)]
    parts = re.split(f"({'|'.join(map(re.escape, ordered))})", template)
    return [_Part(text=text, control=number % 2 == 1) for number, text in enumerate(parts)]
