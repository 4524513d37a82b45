"""The plain text of a conversation's messages."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.inference.model import Message


def question_of(messages: Sequence[Message]) -> str:
    """The last user message as plain text; empty when there is none."""
    for message in reversed(messages):
        if message.get("role") == "user":
            return text_of(message)
    return ""


def text_of(message: Message) -> str:
    """A message's content as plain text, parts joined by line ends, other kinds of parts left out."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return ""
