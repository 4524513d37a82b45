"""Texts of one prompt, tokenised one by one, become the tokens of one text."""

from __future__ import annotations

import pytest

from sidecar.llama.joining import joined_tokens


def _bytes(text: str) -> list[int]:
    return list(text.encode())


def _pieces(text: str) -> list[int]:
    """A vocabulary that puts a blank before every text, as sentence pieces do."""
    return _bytes(f" {text}")


def _joining(text: str) -> list[int]:
    """One in which a line end joins what follows it, for all that a blank comes first."""
    return [256, 257] if text == "\n" else _pieces(text)


@pytest.mark.parametrize("texts", [["a"], ["a", "b<", "|c"], ["a", "", "\n\nb"], ["", "a", "b"], [" a", " b"]])
def test_a_cut_leaves_no_trace(texts: list[str]) -> None:
    assert joined_tokens(texts, _bytes) == _bytes("".join(texts))
    assert joined_tokens(texts, _pieces) == _pieces("".join(texts))


def test_a_vocabulary_that_joins_line_ends_is_read_as_it_reads() -> None:
    assert joined_tokens(["a", "b"], _joining) == [*_pieces("a"), *_pieces("b")]


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_text_has_no_tokens(texts: list[str]) -> None:
    assert joined_tokens(texts, _pieces) == []
