"""What clients choke on is told, in words, and never believed."""

from __future__ import annotations

import json

import pytest

from sidecar.clients.entry import Reads
from sidecar.clients.readers import read_answer
from sidecar.clients.unreadable import UnreadableError

END = b"data: [DONE]\n\n"


def event(content: str | None = "Hi", *, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    return f"data: {json.dumps({'choices': [{'delta': delta, 'finish_reason': finish}]})}\n\n".encode()


WHOLE = [event(), event(None, finish="stop"), END]


@pytest.mark.parametrize("how", ["stream", "stream_buffered", "stream_by_read", "stream_split"])
def test_a_sound_stream_is_read_by_every_parser(how: Reads) -> None:
    assert read_answer(how, WHOLE, model=None).startswith("answer of 2 characters")


CHOKED_ON: list[tuple[Reads, list[bytes], str]] = [
    ("stream", [event(), END], "why it ended"),
    ("stream", [event(), event("", finish="stop")], "no end"),
    ("stream", [event(""), event("", finish="stop"), END], "empty"),
    ("stream_buffered", [event(), event("", finish="stop")[:-2]], "no end"),
    ("stream_buffered", [event(), b"data:[DONE]\n\n"], "not what this client expects"),
    ("stream_by_read", [event()[:20], event()[20:]], "not what this client expects"),
    ("stream_by_read", [event(None)], "not what this client expects"),
    ("stream_split", [b'data: {"choices": []}\n\n', END], "not what this client expects"),
    ("stream_split", [event()], "no end"),
    ("chat", [b'{"choices": [{"message": {"content": " "}}]}'], "empty"),
    ("chat", [b'{"choices": [{"message": {"content": null}}]}'], "not what this client expects"),
    ("chat", [b'{"choices": []}'], "not what this client expects"),
    ("responses", [b'{"output": []}'], "empty"),
    (
        "responses_stream",
        [b'data: {"type": "response.output_text.delta", "delta": "x"}\n\n', END],
        "whole response",
    ),
    ("vectors", [b'{"data": []}'], "differ in length"),
    ("vectors", [b'{"data": [{"embedding": [1, 2]}, {"embedding": [1, 2, 3]}]}'], "differ in length"),
    ("vectors_base64", [b'{"data": [{"embedding": [0.1, 0.2]}]}'], "base64"),
    ("vectors_base64", [b'{"data": [{"embedding": "AAAA"}]}'], "not what this client expects"),
    ("vectors", [b'{"data": [{"embedding": "AAAAAAAAAAA="}]}'], "no numbers"),
    ("ollama_vectors", [b'{"embeddings": []}'], "differ in length"),
    ("ollama_chat", [b'{"message": {"content": "x"}, "done": false}'], "not what this client expects"),
    ("tags", [b'{"models": []}'], "empty"),
    ("lm_models", [b'{"object": "models", "data": []}'], "not LM Studio's"),
    ("lm_models", [b'{"object": "list", "data": [{"id": "m", "type": "llm"}]}'], "empty"),
    ("models", [b'{"data": [{"id": "other"}]}'], "no model 'wanted'"),
    ("clipper", [b'{"choices": [{"finish_reason": "length", "message": {"content": "{}"}}]}'], "cut"),
    ("clipper", [b'{"choices": [{"finish_reason": "stop", "message": {"content": "Yes."}}]}'], "JSON"),
    ("models", [b"[" * 500_000], "not what this client expects"),
    ("stream", [b"\n\n" * 500_000 + END], "not what this client expects"),
    ("stream_by_read", [b"\xff\xfe"], "not what this client expects"),
]


@pytest.mark.parametrize(
    ("how", "pieces", "told"), CHOKED_ON, ids=[f"{number} {how}" for number, (how, _, _) in enumerate(CHOKED_ON)]
)
def test_what_a_client_chokes_on_is_told(how: Reads, pieces: list[bytes], told: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_answer(how, pieces, model="wanted")
    assert told in error.value.message


def test_no_word_of_an_answer_is_repeated() -> None:
    assert "secret" not in read_answer("chat", [b'{"choices":[{"message":{"content":"secret"}}]}'], model=None)
