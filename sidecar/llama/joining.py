"""The texts of a prompt become the tokens of one text, although they are tokenised one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_LEAD = "\n"
"""A text that never joins what follows it, in vocabularies that put a blank before every text."""


def joined_tokens(texts: Sequence[str], tokenize: Callable[[str], list[int]]) -> list[int]:
    """Tokenise texts that were cut apart so that no control token can be read across a cut.

    Sentence pieces (Llama 2, Mistral, Phi-3) begin every text with a blank: at a cut it would come into the middle of
    what was written, `[/INST]` becoming `[ /INST]`. There the text is read behind a line end, whose tokens are taken
    away again.
    """
    first, *further = [text for text in texts if text] or [""]
    lead = tokenize(_LEAD)
    # Elsewhere a line end is one token, which may well join what follows.
    blank = len(lead) > 1
    tokens = tokenize(first) if first else []
    for text in further:
        behind = tokenize(_LEAD + text) if blank else []
        tokens += behind[len(lead) :] if blank and behind[: len(lead)] == lead else tokenize(text)
    return tokens
