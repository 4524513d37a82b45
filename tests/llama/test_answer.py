"""Text assembled from tokens: whole characters, and never a part of a stop string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.llama.answer import AnswerText


def _feed(text: AnswerText, pieces: list[bytes]) -> list[str]:
    return [text.feed(piece) for piece in pieces]


def test_a_character_is_given_out_when_it_is_whole() -> None:
    text = AnswerText(())
    assert _feed(text, [b"\xe2", b"\x82", b"\xac!"]) == ["", "", "€!"]


def test_bytes_that_are_no_character_are_replaced() -> None:
    text = AnswerText(())
    assert "".join(_feed(text, [b"a\xff", b"b"])) == "a\ufffdb"


def test_half_a_character_at_the_end_is_dropped() -> None:
    text = AnswerText(())
    assert _feed(text, [b"a\xe2\x82"]) == ["a"]
    assert text.finish() == ""


def test_text_ends_before_a_stop_string_that_comes_in_pieces() -> None:
    text = AnswerText(("</end>",))
    assert _feed(text, [b"yes<", b"/e", b"nd", b">more"]) == ["yes", "", "", ""]
    assert text.stopped
    assert text.feed(b"more") == ""


def test_what_only_looked_like_a_stop_string_is_given_out() -> None:
    text = AnswerText(("</end>",))
    assert _feed(text, [b"a<", b"/en", b"try>"]) == ["a", "", "</entry>"]
    assert not text.stopped


def test_what_was_held_comes_at_the_end() -> None:
    text = AnswerText(("stop",))
    assert _feed(text, [b"the st"]) == ["the "]
    assert text.finish() == "st"


def test_the_earliest_of_several_stop_strings_wins() -> None:
    text = AnswerText(("world", "lo"))
    assert _feed(text, [b"hello world"]) == ["hel"]


@pytest.mark.parametrize("stop", ["aab", "aa", "é€", "ab"])
@given(message=st.text(alphabet="aabé€", max_size=30), cut=st.integers(1, 4))
def test_pieces_give_the_same_text_as_the_whole(stop: str, message: str, cut: int) -> None:
    encoded = message.encode("utf-8")
    text = AnswerText((stop,))
    parts = _feed(text, [encoded[at : at + cut] for at in range(0, len(encoded), cut)])
    assert "".join(parts) + text.finish() == message.split(stop)[0]
