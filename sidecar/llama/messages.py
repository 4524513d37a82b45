"""OpenAI messages as a chat template reads them: known roles, text only, nothing missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
          "function": "tool"}  # fmt: skip
_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_KEPT = ("name", "tool_call_id", "reasoning_content")
"""Kept where they are strings; the last is what some templates show of earlier thoughts."""
_SHORT_ID = 9


def plain_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Bring messages to `role` and a `content` string, keeping what templates know beside them.

    Raises RequestError when there are none, for an unknown role, and for a part that is not text.
    """
    if not messages:
        raise RequestError("There are no messages.", param="messages")
    return [_plain(message, position) for position, message in enumerate(messages)]


def merged_messages(messages: Sequence[Mapping[str, Any]], *, fold_system: bool) -> list[dict[str, Any]]:
    """Arrange plain messages for templates that insist on an order: one system message first, then user and assistant
    in turn. With `fold_system` the system text opens the first user message instead (Gemma, early Mistral).
    """
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "user" if message["role"] == "tool" else message["role"]
        if role == "system":
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] = f"{turns[-1]['content']}\n\n{message['content']}"
        else:
            turns.append({"role": role, "content": message["content"]})
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": ""})
    if system and fold_system:
        turns[0]["content"] = f"{system}\n\n{turns[0]['content']}".rstrip("\n")
    elif system:
        turns.insert(0, {"role": "system", "content": system})
    return turns


class _Arguments(dict[str, Any]):
    """The arguments of a call: an object for templates that walk through it, JSON for those that write it down."""

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False)

    def __add__(self, after: str) -> str:
        return f"{self}{after}"

    def __radd__(self, before: str) -> str:
        return f"{before}{self}"


def with_readable_calls(message: Mapping[str, Any]) -> dict[str, Any]:
    """Give the calls of a plain message their arguments as objects, which is how published templates expect them;
    what is no JSON object stays text.
    """
    if "tool_calls" not in message:
        return dict(message)
    return {**message, "tool_calls": [_readable(call) for call in message["tool_calls"]]}


def with_short_ids(message: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the ids of calls by nine letters and digits that follow from them."""
    changed = dict(message)
    if "tool_call_id" in message:
        changed["tool_call_id"] = _short(message["tool_call_id"])
    if "tool_calls" in message:
        changed["tool_calls"] = [{**call, "id": _short(call["id"])} for call in message["tool_calls"]]
    return changed


def _readable(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    try:
        arguments = json.loads(function["arguments"] or "{}")
    except (ValueError, RecursionError):
        return dict(call)
    readable = _Arguments(arguments) if isinstance(arguments, dict) else function["arguments"]
    return {**call, "function": {**function, "arguments": readable}}


def _short(identity: str) -> str:
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:_SHORT_ID]


def _plain(message: Mapping[str, Any], position: int) -> dict[str, Any]:
    role = _ROLES.get(str(message.get("role")))
    if role is None:
        raise RequestError(f"Message {position} has the unknown role {message.get('role')!r}.", param="messages")
    kept: dict[str, Any] = {key: message[key] for key in _KEPT if isinstance(message.get(key), str)}
    calls = _calls(message, position) if role == "assistant" else []
    if calls:
        kept["tool_calls"] = calls
    return {"role": role, "content": _text(message.get("content"), position), **kept}


def _calls(message: Mapping[str, Any], position: int) -> list[dict[str, Any]]:
    """The calls of an assistant's message, with those of OpenAI's older `function_call`; arguments are JSON text."""
    given = message.get("tool_calls")
    calls = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    if message.get("function_call") is not None:
        calls.append({"function": message["function_call"]})
    return [_call(call, position=position, number=number) for number, call in enumerate(calls)]


def _call(call: object, *, position: int, number: int) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(call, Mapping) or not isinstance(function, Mapping) or not isinstance(name, str):
        raise RequestError(f"Message {position} has a tool call without a function's name.", param="messages")
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
    identity = call.get("id")
    return {
        "id": identity if isinstance(identity, str) else f"call_{position}_{number}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def _text(content: object, position: int) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(_part_text(part, position) for part in content)
    raise RequestError(f"The content of message {position} is neither text nor a list of parts.", param="messages")


def _part_text(part: object, position: int) -> str:
    kind = str(part.get("type")) if isinstance(part, Mapping) else type(part).__name__
    text = part.get(_TEXT_PARTS[kind]) if isinstance(part, Mapping) and kind in _TEXT_PARTS else None
    if not isinstance(text, str):
        raise RequestError(
            f"Message {position} has a part of type {kind!r}; this model reads text only.",
            param="messages",
            hint="Leave images, audio and files out.",
        )
    return text
