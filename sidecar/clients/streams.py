"""What clients make of a stream. The parsers that take no care are re-enacted: what they assume, these assume."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.clients.unreadable import UnreadableError, counted, said


def _events(text: str) -> Iterator[Any]:
    """The events of a whole stream, which has to end as OpenAI's does."""
    if not text.endswith("data: [DONE]\n\n"):
        raise UnreadableError("the stream has no end")
    for event in text.split("\n\n")[:-2]:
        lines = [line for line in event.split("\n") if not line.startswith((":", "event:"))]
        if lines:
            yield json.loads(lines[0].removeprefix("data: "))


def _deltas(events: Iterator[Any]) -> tuple[str, int]:
    """The text of chat events, and how often they said why they ended."""
    text, ends = "", 0
    for event in events:
        for choice in event["choices"]:
            text += choice["delta"].get("content") or ""
            ends += choice["finish_reason"] is not None
    return text, ends


def stream(pieces: Sequence[bytes], _model: str | None) -> str:
    text, ends = _deltas(_events(b"".join(pieces).decode("utf-8")))
    if ends != 1:
        raise UnreadableError("the stream does not say why it ended")
    return f"{said(text)}, streamed in {counted(len(pieces), 'piece')}"


def stream_buffered(pieces: Sequence[bytes], _model: str | None) -> str:
    """All that came so far, split at blank lines; the end is exactly `data: [DONE]`."""
    text = ""
    for event in b"".join(pieces).decode("utf-8").split("\n\n"):
        if event == "data: [DONE]":
            return f"{said(text)}, streamed"
        text += json.loads(event.split("data: ")[1])["choices"][0]["delta"].get("content", "")
    raise UnreadableError("the stream has no end")


def stream_by_read(pieces: Sequence[bytes], _model: str | None) -> str:
    """Each read of the network by itself, with nothing carried over."""
    text = ""
    for piece in pieces:
        for line in piece.decode("utf-8").split("\n"):
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            choice = json.loads(line.removeprefix("data: "))["choices"][0]
            if choice["finish_reason"] != "stop":
                text += choice["delta"]["content"]
    return f"{said(text)}, streamed in {counted(len(pieces), 'piece')}"


def stream_split(pieces: Sequence[bytes], _model: str | None) -> str:
    """Each read is split at `data: `; `choices[0]` is taken for granted."""
    text = ""
    for piece in pieces:
        for event in ("\n" + piece.decode("utf-8")).split("\ndata: ")[1:]:
            if event.strip() == "[DONE]":
                return f"{said(text)}, streamed in {counted(len(pieces), 'piece')}"
            text += json.loads(event)["choices"][0]["delta"].get("content", "")
    raise UnreadableError("the stream has no end")


def responses_stream(pieces: Sequence[bytes], _model: str | None) -> str:
    text, last = "", None
    for event in _events(b"".join(pieces).decode("utf-8")):
        last = event
        if event["type"] == "response.output_text.delta":
            text += event["delta"]
    if last is None or last["type"] != "response.completed" or output_text(last["response"]) != text:
        raise UnreadableError("the stream does not end with the whole response")
    return f"{said(text)}, streamed"


def output_text(response: Mapping[str, Any]) -> str:
    """The text of a response's messages."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for message in messages for part in message["content"])
