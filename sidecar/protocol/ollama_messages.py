"""Ollama's messages and tool calls in OpenAI's words, and back.

They differ in three things: images stand beside the text, the arguments of a call are an object, and a call has no id:
the answer of a tool names the tool, or follows in the order of the calls.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError

# How base64 of a file's first bytes begins; Ollama's API does not say of which kind an image is.
_IMAGES = {"iVBOR": "png", "/9j/": "jpeg", "R0lG": "gif", "UklG": "webp"}


def openai_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Translate a conversation; what is no message at all is left to OpenAI's checks. Raises RequestError."""
    open_calls = _OpenCalls()
    translated = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        kept: dict[str, Any] = {"role": message.get("role"), "content": _content(message, at=at)}
        if message.get("tool_calls"):
            kept["tool_calls"] = _calls(message["tool_calls"], number=number, at=f"{at}.tool_calls")
            open_calls.add(kept["tool_calls"])
        if message.get("role") == "tool":
            kept |= open_calls.answered(message)
        translated.append(kept)
    return translated


def _content(message: Mapping[str, Any], *, at: str) -> Any:
    content, images = message.get("content"), message.get("images")
    if not images:
        return content
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise RequestError(f"Invalid '{at}.images': it must be a list of base64 strings.", param=f"{at}.images")
    if not isinstance(content, str | list | None):
        raise RequestError(f"Invalid '{at}.content': it must be a string.", param=f"{at}.content")
    texts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    return [*texts, *({"type": "image_url", "image_url": {"url": _url(image)}} for image in images)]


def _url(image: str) -> str:
    if image.startswith("data:"):
        return image
    kind = next((kind for start, kind in _IMAGES.items() if image.startswith(start)), "png")
    return f"data:image/{kind};base64,{image}"


def _calls(calls: Any, *, number: int, at: str) -> list[dict[str, Any]]:
    if not isinstance(calls, list) or not all(_is_call(call) for call in calls):
        raise RequestError(f"Invalid '{at}': it must be a list of calls, each with a function's name.", param=at)
    return [
        {
            "id": call["id"] if isinstance(call.get("id"), str) and call["id"] else f"call_{number}_{position}",
            "type": "function",
            "function": {"name": call["function"]["name"], "arguments": _text(call["function"].get("arguments"))},
        }
        for position, call in enumerate(calls)
    ]


def _is_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments or {})


class _OpenCalls:
    """The calls that no tool has answered yet. Every step is quick: a body may hold tens of thousands."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._named: dict[str, deque[str]] = {}
        self._open: set[str] = set()

    def add(self, calls: Sequence[Mapping[str, Any]]) -> None:
        """Take the calls of one message, in OpenAI's words."""
        for call in calls:
            self._order.append(call["id"])
            self._named.setdefault(call["function"]["name"], deque()).append(call["id"])
            self._open.add(call["id"])

    def answered(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Name the call that a tool's message answers: by id if one is sent, by the tool's name, else the next one."""
        sent, name = message.get("tool_call_id"), message.get("tool_name") or message.get("name")
        named = {"name": name} if isinstance(name, str) else {}
        if isinstance(sent, str) and sent:
            self._open.discard(sent)
            return {"tool_call_id": sent, **named}
        found = self._next(self._named.get(named.get("name", ""), deque())) or self._next(self._order) or "call_0"
        self._open.discard(found)
        return {"tool_call_id": found, **named}

    def _next(self, queue: deque[str]) -> str | None:
        while queue and queue[0] not in self._open:
            queue.popleft()
        return queue[0] if queue else None


def ollama_calls(calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Build `tool_calls` from OpenAI's whole ones."""
    return [
        {
            "id": call["id"],
            "function": {
                "index": index,
                "name": call["function"]["name"],
                "arguments": _object(call["function"]["arguments"]),
            },
        }
        for index, call in enumerate(calls)
    ]


def _object(arguments: str) -> dict[str, Any]:
    """Arguments as an object, the only thing that clients' types allow; what a model wrote that is none is in `raw`."""
    try:
        value = json.loads(arguments or "{}")
        # NaN is read, and 1e999 as infinity: no JSON can say them again.
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return {"raw": arguments}
    return value if isinstance(value, dict) else {"raw": arguments}
