"""Token ids of OpenAI's tokenizer as text."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.embedding.token_ids import SHA256, TABLE, TOKENS, text_of_tokens
from sidecar.errors import RequestError


def tokens() -> list[bytes]:
    raw = zlib.decompress(TABLE.read_bytes())
    lengths, data = raw[:TOKENS], raw[TOKENS:]
    found, start = [], 0
    for length in lengths:
        found.append(data[start : start + length])
        start += length
    return found


KNOWN = tokens()
IDS = {token: number for number, token in enumerate(KNOWN)}


def test_the_table_holds_openais_own_file_to_the_byte() -> None:
    lines = [f"{base64.b64encode(token).decode()} {number}\n" for number, token in enumerate(KNOWN)]
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == SHA256


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([15339, 1917], "hello world"),
        ([0], "!"),
        ([9906, 11, 1917, 0], "Hello, world!"),
        ([15339, 100257, 1917], "hello world"),
        ([100257], ""),
    ],
)
def test_ids_are_the_text_that_they_stand_for(ids: list[int], text: str) -> None:
    assert text_of_tokens(ids) == text


@given(text=st.text(min_size=1))
def test_any_text_comes_back_byte_by_byte(text: str) -> None:
    ids = [IDS[bytes([byte])] for byte in text.encode("utf-8")]
    assert text_of_tokens(ids) == text


@given(before=st.text(max_size=5), cut=st.sampled_from("é茶🐤"), place=st.integers(1, 3), after=st.text(max_size=5))
def test_a_character_cut_at_either_end_is_left_out(before: str, cut: str, place: int, after: str) -> None:
    head, tail = cut.encode()[:place], cut.encode()[place:]
    if not tail:
        return
    assert text_of_tokens([IDS[bytes([byte])] for byte in before.encode() + head]) == before
    assert text_of_tokens([IDS[bytes([byte])] for byte in tail + after.encode()]) == after


@pytest.mark.parametrize(
    "ids", [[-1], [TOKENS], [100_277], [2**62], [IDS[b"\xff"]] * 8, [IDS[b"a"], IDS[b"\xff"], *[IDS[b"a"]] * 5]]
)
def test_ids_of_another_tokenizer_are_refused_with_the_setting_that_helps(ids: list[int]) -> None:
    with pytest.raises(RequestError, match="cl100k_base") as refused:
        text_of_tokens(ids)
    assert refused.value.param == "input"
    assert "check_embedding_ctx_length=False" in (refused.value.hint or "")
