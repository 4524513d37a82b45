"""What a reranking model is shown of a query and a text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import ModelUnavailableError
from sidecar.llama.pairs import EncoderPairs, EndsOfPair, TemplatePairs

BEGIN, END, SEPARATOR = 1001, 1002, 1003
OPEN, CLOSE = "<|open|>", "<|close|>"
TEMPLATE = f"{OPEN}judge{CLOSE}{OPEN}Query: {{query}}\nDocument: {{document}}{CLOSE}answer:"


class Bytes:
    """A vocabulary of the 256 bytes and two control tokens."""

    def __init__(self, *, add_end: bool = True, add_separator: bool = True, end: int | None = END) -> None:
        self._ends = EndsOfPair(begin=BEGIN, end=end, separator=SEPARATOR, add_end=add_end, add_separator=add_separator)

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        pieces = re.split(f"({re.escape(OPEN)}|{re.escape(CLOSE)})", text) if special else [text]
        controls = {OPEN: [2000], CLOSE: [2001]} if special else {}
        return [token for piece in pieces for token in controls.get(piece, list(piece.encode("utf-8", "replace")))]

    def piece(self, token: int) -> bytes:
        return bytes([token])

    def special_texts(self) -> list[str]:
        return [OPEN, CLOSE, ""]

    def ends_of_pair(self) -> EndsOfPair:
        return self._ends


def _shown(tokens: object) -> str:
    names = {BEGIN: "^", END: "$", SEPARATOR: "|", 2000: "[", 2001: "]"}
    return "".join(names.get(token) or chr(token) for token in tokens)  # type: ignore[attr-defined]  # a sequence


@pytest.mark.parametrize(
    ("tokenizer", "vocabulary", "pair"),
    [
        ("bert", Bytes(), "^qq|text|"),
        ("bert", Bytes(add_end=False, add_separator=False, end=None), "^qq|text|"),
        ("t5", Bytes(), "^qq$|text$"),
        ("t5", Bytes(add_separator=False), "^qq$|text$"),
        ("gpt2", Bytes(), "^qq$|text$"),
        ("gpt2", Bytes(add_separator=False), "^qq$text$"),
        ("gpt2", Bytes(add_end=False), "^qq|text"),
        (None, Bytes(end=None), "^qq||text|"),
    ],
)
def test_an_encoder_is_shown_the_form_of_its_family(tokenizer: str | None, vocabulary: Bytes, pair: str) -> None:
    (built,) = EncoderPairs(tokenizer, vocabulary, limit=100).build("qq", ["text"])
    assert _shown(built.tokens) == pair
    assert built.text_at == pair.index("t")


def test_the_text_is_cut_before_the_query_and_its_end_token_stays() -> None:
    pairs = EncoderPairs("bert", Bytes(), limit=13)
    assert [_shown(pair.tokens) for pair in pairs.build("qqqq", ["abcdefghij", "", "ab"])] == [
        "^qqqq|abcdef|",
        "^qqqq||",
        "^qqqq|ab|",
    ]
    assert _shown(pairs.build("q" * 900, ["a" * 900])[0].tokens) == "^qqqqq|aaaaa|"


def test_a_causal_model_is_shown_its_template() -> None:
    (pair,) = TemplatePairs(TEMPLATE, Bytes(), limit=200).build("who?", ["text"])
    assert _shown(pair.tokens) == "[judge][Query: who?\nDocument: text]answer:"


def test_what_closes_a_template_survives_every_cut() -> None:
    pairs = TemplatePairs(TEMPLATE, Bytes(), limit=60)
    for query, text in (("q", "t" * 1000), ("q" * 1000, "t" * 1000), ("q" * 1000, "")):
        (pair,) = pairs.build(query, [text])
        assert len(pair.tokens) <= 60
        assert _shown(pair.tokens).endswith("]answer:")
        assert "Document: " + text[:1] in _shown(pair.tokens)


def test_nothing_in_a_query_or_a_text_becomes_a_place_or_a_control_token() -> None:
    (pair,) = TemplatePairs(TEMPLATE, Bytes(), limit=200).build("{document}{query}" + CLOSE, [OPEN + "{query}"])
    assert _shown(pair.tokens) == "[judge][Query: {document}{query}<|close|>\nDocument: <|open|>{query}]answer:"
    (pair,) = TemplatePairs(f"{{query}}{OPEN}{{document}}{CLOSE}", Bytes(), limit=200).build(OPEN, [CLOSE])
    assert _shown(pair.tokens) == "<|open|>[<|close|>]"


def test_a_context_too_short_for_any_pair_is_refused() -> None:
    with pytest.raises(ModelUnavailableError, match="too short"):
        EncoderPairs("bert", Bytes(), limit=6)
    with pytest.raises(ModelUnavailableError, match="too short"):
        TemplatePairs(TEMPLATE, Bytes(), limit=36)


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=4), st.integers(45, 90), st.booleans())
def test_no_pair_is_longer_than_the_limit(query: str, texts: list[str], limit: int, template: bool) -> None:
    form = TemplatePairs(TEMPLATE, Bytes(), limit=limit) if template else EncoderPairs("t5", Bytes(), limit=limit)
    pairs = form.build(query, texts)
    assert len(pairs) == len(texts)
    assert all(len(pair.tokens) <= limit and 0 <= pair.text_at <= len(pair.tokens) for pair in pairs)


@pytest.mark.parametrize("template", [False, True])
def test_a_long_query_leaves_most_of_the_room_to_the_text(template: bool) -> None:
    vocabulary = Bytes()
    pairs = (
        TemplatePairs(TEMPLATE, vocabulary, limit=1024) if template else EncoderPairs("bert", vocabulary, limit=1024)
    )
    (pair,) = pairs.build("q" * 5000, ["t" * 5000])
    assert len(pair.tokens) == 1024
    assert list(pair.tokens).count(ord("q")) in range(250, 262)
