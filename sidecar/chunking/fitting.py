"""Whether chunks fit an embedding model, measured in its own tokens. The tokenizer itself is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

CountTokens: TypeAlias = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLimit:
    """At most `most` tokens in an embedded text, as `count` counts them."""

    most: int
    count: CountTokens

    def exceeded(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Position and number of tokens of each text that is too long."""
        # No tokenizer makes more tokens than a text has bytes, and few notes have long chunks: most need no counting.
        doubtful = [number for number, text in enumerate(texts) if len(text.encode("utf-8", "replace")) > self.most]
        if not doubtful:
            return
        for number, tokens in zip(doubtful, self.count([texts[number] for number in doubtful]), strict=True):
            if tokens > self.most:
                yield number, tokens
