"""OpenAI messages as a chat template reads them: known roles, text only, nothing missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool",
          "function": "tool"}  # fmt: skip
_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_KEPT = ("name", "tool_calls", "tool_call_id")


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


def _plain(message: Mapping[str, Any], position: int) -> dict[str, Any]:
    role = _ROLES.get(str(message.get("role")))
    if role is None:
        raise RequestError(f"Message {position} has the unknown role {message.get('role')!r}.", param="messages")
    kept = {key: message[key] for key in _KEPT if message.get(key) is not None}
    return {"role": role, "content": _text(message.get("content"), position), **kept}


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
