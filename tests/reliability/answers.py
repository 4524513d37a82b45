"""What a client is told, whichever of the ways to ask it uses: read to the proper end of the answer, never past it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

WAYS = ("chat", "chat stream", "responses stream", "ollama stream")


@dataclass(slots=True, kw_only=True)
class Asked:
    """A request under way. `ended_at` is on the monotonic clock."""

    way: str
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first piece of text; never for an answer that comes whole."""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    error: str | None = None
    """The message of the error that ended it; `None` for one that came to its end."""
    ended_at: float = 0.0


def body(way: str, *, model: str, content: str, most: int) -> tuple[str, dict[str, Any]]:
    """Path and body of a request for at most `most` tokens, the likeliest each time."""
    messages = [{"role": "user", "content": content}]
    if way == "responses stream":
        return "/v1/responses", {
            "model": model, "input": content, "stream": True, "temperature": 0, "max_output_tokens": most
        }  # fmt: skip
    if way == "ollama stream":
        return "/api/chat", {"model": model, "messages": messages, "options": {"temperature": 0, "num_predict": most}}
    stream = way == "chat stream"
    return "/v1/chat/completions", {
        "model": model, "messages": messages, "stream": stream, "temperature": 0, "max_tokens": most
    }  # fmt: skip


async def ask(
    http: httpx2.AsyncClient, asked: Asked, *, model: str, content: str = "Hello there.", most: int = 7000
) -> Asked:
    """Read one answer to its end. Raises httpx2.HTTPError when the connection breaks instead of ending."""
    path, fields = body(asked.way, model=model, content=content, most=most)
    async with http.stream("POST", path, json=fields) as response:
        asked.status, asked.headers = response.status_code, response.headers
        if response.status_code != 200 or asked.way == "chat":
            _take(asked, json.loads(await response.aread()))
        else:
            async for event in _events(response):
                _take(asked, event)
    asked.ended_at = time.monotonic()
    return asked


async def _events(response: httpx2.Response) -> AsyncIterator[Any]:
    async for line in response.aiter_lines():
        line = line.removeprefix("data: ")
        if line.startswith("{"):
            yield json.loads(line)


def _take(asked: Asked, event: dict[str, Any]) -> None:
    failed = event.get("error") or (event.get("response") or {}).get("error")
    if failed:
        asked.error = failed if isinstance(failed, str) else str(failed["message"])
        return
    assert asked.error is None, "something came after the error"
    for choice in event.get("choices", ()):
        _add(asked, (choice.get("delta") or choice.get("message") or {}).get("content"))
    if event.get("type") == "response.output_text.delta":
        _add(asked, event["delta"])
    if isinstance(event.get("message"), dict):
        _add(asked, event["message"].get("content"))
    if asked.text:
        asked.begun.set()


def _add(asked: Asked, text: str | None) -> None:
    # Enough to see that something came: some answers never end.
    if text and len(asked.text) < 10_000:
        asked.text += text
