"""The system text beside the client's own: the same words whatever was found, in the language of the conversation.

It begins every prompt of a conversation, and what follows a change is evaluated anew by the model at each turn. So the
language is that of the first user messages, and what was found stands in the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sidecar.inference.model import Message
from sidecar.inference.tokens import estimate_tokens
from sidecar.language.conversation import ENGLISH, conversation_language
from sidecar.prompt.messages import text_of
from sidecar.prompt.wording import WORDINGS, Wording

# Of a small window the share that our own words may take; English takes the fewest tokens in any vocabulary.
_MOST_OF_WINDOW = 4


def wording_for(messages: Sequence[Message], *, window: int) -> Wording:
    """The texts in the language of a conversation; English where it is another one, or the window is very small."""
    language = conversation_language([text_of(message) for message in messages if message.get("role") == "user"])
    wording = WORDINGS.get(language, WORDINGS[ENGLISH])
    return wording if tokens_of(wording) * _MOST_OF_WINDOW <= window else WORDINGS[ENGLISH]


def tokens_of(wording: Wording) -> int:
    """The tokens that the system text takes at most."""
    return estimate_tokens(wording.instructions)


def with_instructions(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """The messages with one system message, the client's words first: many chat templates refuse a second one."""
    if messages and messages[0].get("role") in {"system", "developer"}:
        first: dict[str, Any] = {**messages[0], "content": f"{text_of(messages[0])}\n\n{text}".strip()}
        return (first, *messages[1:])
    return ({"role": "system", "content": text}, *messages)
