"""Token ids of OpenAI's tokenizer cl100k_base as the text that they stand for.

Clients made for OpenAI's embedding models cut texts into these tokens themselves and send the ids (langchain-openai by
default). They mean nothing to any other model, so they are turned back into text. The table is `cl100k_base.tiktoken`
as the library tiktoken (MIT licence) reads it, packed by `scripts/cl100k.py`: the length of each token, one byte each,
and then the tokens.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path

from sidecar.errors import RequestError

TABLE = Path(__file__).with_name("cl100k_base.zlib")
TOKENS = 100_256
"""The ids from 0 to this are pieces of text."""
SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
"""Of the rank file that the table was made of."""

# Marks such as the end of a text; they stand for no text.
_SPECIAL = frozenset({100_257, 100_258, 100_259, 100_260, 100_276})
# A client that cuts a long text after so many tokens may cut a character, of which at most so many bytes are left.
_CUT = 3


def text_of_tokens(tokens: Sequence[int]) -> str:
    """Return the text of cl100k_base token ids. Raises RequestError when they are none, or another tokenizer's."""
    data, ends = _table()
    pieces = []
    for token in tokens:
        if 0 <= token < TOKENS:
            pieces.append(data[ends[token - 1] if token else 0 : ends[token]])
        elif token not in _SPECIAL:
            raise _foreign(f"{token} is no id of it")
    return _decoded(b"".join(pieces))


def _decoded(text: bytes) -> str:
    start = 0
    while start < min(_CUT, len(text)) and text[start] & 0xC0 == 0x80:
        start += 1
    for end in range(len(text), max(start, len(text) - _CUT) - 1, -1):
        try:
            return text[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.start < len(text) - start - _CUT:
                break
    # Ids of another tokenizer nearly always give bytes that are no text.
    raise _foreign("they are no text in it")


def _foreign(reason: str) -> RequestError:
    return RequestError(
        f"'input' holds token ids that are not those of OpenAI's cl100k_base tokenizer: {reason}.",
        param="input",
        code="token_input_unsupported",
        hint="Send text. In LangChain, set check_embedding_ctx_length=False.",
    )


@cache
def _table() -> tuple[bytes, Sequence[int]]:
    """The tokens one after the other, and where each ends."""
    raw = zlib.decompress(TABLE.read_bytes())
    return raw[TOKENS:], array("I", accumulate(raw[:TOKENS]))
