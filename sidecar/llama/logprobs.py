"""How likely the tokens of an answer were, in OpenAI's shape, and which of them belong to its content.

The distribution is the model's own: the softmax of its raw logits over the whole vocabulary, before bias, penalties,
grammar, temperature and truncation have changed it. So do llama.cpp's server (`get_token_probabilities`, unless
`post_sampling_probs` is set) and vLLM (`logprobs_mode=raw_logprobs`), and it does not depend on the other options.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Entry: TypeAlias = dict[str, Any]

_LEAST = -9999.0
"""What OpenAI gives for what is as good as impossible; JSON has no minus infinity."""


def token_entry(logits: npt.NDArray[np.float32], token: int, *, top: int, piece: Callable[[int], bytes]) -> Entry:
    """Describe one token: `token`, `logprob`, `bytes`, and the `top` likeliest in its place, best first.

    `bytes` are the token's own even where they are a part of a character, which `token` shows as U+FFFD.
    """
    wide = logits.astype(np.float64)
    shifted = wide - wide.max()
    logprobs = shifted - np.log(np.exp(shifted).sum())
    likeliest = np.argpartition(-logprobs, top - 1)[:top] if 0 < top < len(logprobs) else np.arange(len(logprobs))[:top]
    ordered = sorted((int(each) for each in likeliest), key=lambda each: (-logprobs[each], each))
    return {
        **_described(token, logprobs, piece),
        "top_logprobs": [_described(each, logprobs, piece) for each in ordered],
    }


def _described(token: int, logprobs: npt.NDArray[np.float64], piece: Callable[[int], bytes]) -> Entry:
    raw = piece(token)
    logprob = max(_LEAST, float(logprobs[token]))
    return {"token": raw.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(raw)}


class ContentTokens:
    """Gives out the entries of tokens with the content they begin in; those of marks, thoughts and calls are left out.

    Places are characters of the whole answer, in order.
    """

    def __init__(self) -> None:
        self._entries: deque[tuple[int, Entry]] = deque()
        self._stretches: deque[tuple[int, int]] = deque()

    def add(self, entry: Entry, *, start: int) -> None:
        """Take a token that begins at a place."""
        self._entries.append((start, entry))

    def content(self, start: int, length: int) -> None:
        """Say that a stretch is content, though it may not be shown yet."""
        self._stretches.append((start, length))

    def shown(self, length: int) -> list[Entry]:
        """Give out the tokens of the next characters of content."""
        entries: list[Entry] = []
        while length > 0 and self._stretches:
            start, whole = self._stretches.popleft()
            taken = min(whole, length)
            if taken < whole:
                self._stretches.appendleft((start + taken, whole - taken))
            length -= taken
            while self._entries and self._entries[0][0] < start + taken:
                begin, entry = self._entries.popleft()
                if begin >= start:
                    entries.append(entry)
        return entries
