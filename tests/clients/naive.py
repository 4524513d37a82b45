"""The parsers of plugins that take no care, re-enacted: what the plugins assume, these assume.

Each takes the pieces of a body in the order in which the network brought them and returns the text that its user would
see. An assumption that does not hold raises, or puts a wrong word into the text, as it does in the plugin.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def bmo(reads: Iterable[bytes]) -> str:
    """BMO: each network read by itself, with nothing carried over; a missing content becomes the word `undefined`."""
    text = ""
    for read in reads:
        for line in read.decode("utf-8").split("\n"):
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            choice = json.loads(line.removeprefix("data: "))["choices"][0]
            if choice["finish_reason"] != "stop":
                text += choice["delta"].get("content", "undefined")
    return text


def text_generator(reads: Iterable[bytes]) -> str:
    """Text Generator, custom provider: each read is split at `data: `; `choices[0]` is taken for granted."""
    text = ""
    for read in reads:
        for event in ("\n" + read.decode("utf-8")).split("\ndata: ")[1:]:
            if event.strip() == "[DONE]":
                return text
            text += json.loads(event)["choices"][0]["delta"].get("content", "")
    raise AssertionError("the stream had no end")


def smart_connections(reads: Iterable[bytes]) -> str:
    """Smart Connections: all that came so far, split at blank lines; the end is exactly `data: [DONE]`."""
    text, events = "", b"".join(reads).decode("utf-8").split("\n\n")
    for event in events:
        if event == "data: [DONE]":
            return text
        text += json.loads(event.split("data: ")[1])["choices"][0]["delta"].get("content", "")
    raise AssertionError("the stream had no end")


def copilot_buffered(reads: Iterable[bytes]) -> str:
    """Copilot over requestUrl: the whole text first, then as if it had streamed, into a parser that wants the end."""
    whole = b"".join(reads).decode("utf-8")
    assert whole.endswith("data: [DONE]\n\n"), whole[-80:]
    events = [json.loads(event.removeprefix("data: ")) for event in whole.split("\n\n")[:-2]]
    assert [event["choices"][0]["finish_reason"] for event in events].count("stop") == 1
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events)


def web_clipper(body: bytes) -> Any:
    """The Web Clipper: one message whose content is JSON; an answer that was cut is thrown away."""
    choice = json.loads(body)["choices"][0]
    assert choice["finish_reason"] != "length", "the clipper throws this answer away"
    return json.loads(choice["message"]["content"])
