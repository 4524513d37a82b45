"""Pieces that come faster than anybody reads."""

from __future__ import annotations

from typing import Any

from sidecar.llama.outgoing import Outgoing


class _Client:
    def __init__(self) -> None:
        self.now = 100.0
        self.got: list[tuple[int, dict[str, Any]]] = []
        self.outgoing = Outgoing(lambda index, event: self.got.append((index, event)), clock=lambda: self.now)

    def says(self, text: str, *, after: float, index: int = 0) -> None:
        self.now += after
        self.outgoing.put(index, {"text": text})


def test_the_first_piece_goes_at_once_and_fast_ones_behind_it_together() -> None:
    client = _Client()
    for letter in "abcdef":
        client.says(letter, after=0.009)
    assert [event["text"] for _, event in client.got] == ["a", "bcd"]
    client.outgoing.put(0, {"finish_reason": "stop"})
    assert client.got[2:] == [(0, {"text": "ef"}), (0, {"finish_reason": "stop"})]


def test_slow_pieces_go_one_by_one() -> None:
    client = _Client()
    for letter in "abc":
        client.says(letter, after=0.03)
    assert [event["text"] for _, event in client.got] == ["a", "b", "c"]


def test_nothing_overtakes_text_that_waits() -> None:
    client = _Client()
    client.says("a", after=0)
    client.says("b", after=0.001)
    client.outgoing.put(0, {"reasoning": "hm"})
    client.says("c", after=0.001)
    client.says("d", after=0.001, index=1)
    client.outgoing.flush()
    assert client.got == [
        (0, {"text": "a"}),
        (0, {"text": "b"}),
        (0, {"reasoning": "hm"}),
        (0, {"text": "c"}),
        (1, {"text": "d"}),
    ]


def test_text_with_log_probabilities_is_left_as_it_is() -> None:
    client = _Client()
    client.says("a", after=0)
    event = {"text": "b", "logprobs": [{"token": "b"}]}
    client.outgoing.put(0, event)
    assert client.got == [(0, {"text": "a"}), (0, event)]
