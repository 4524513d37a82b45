"""Token counts for models whose tokenizer is elsewhere: one that is too high rather than too low, so that prompts fit,
and one that is too low rather than too high, so that a server that read less is caught cutting.

The rule: a third of a token for every UTF-8 byte (so a whole one for a Chinese, Japanese or Korean character), a whole
one for each digit, ASCII sign and line break, three for a character outside the basic plane, such as an emoji, and one
for the blank that some tokenizers put before a text.
English prose comes out about 1.5 times too high. The low count: a word of any length, or three characters of a script
without blanks, is at least one token, since tokenizers join neither words nor more than that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WHOLE = re.compile(r"[0-9!-/:-@\[-`{-~\n]")
_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")
_SCRIPT_WITHOUT_BLANKS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
# What chat templates put around a message: role, start and end marks.
_PER_MESSAGE = 6


def estimate_tokens(text: str) -> int:
    """Over-estimate the tokens of a text."""
    size = len(text.encode("utf-8", "surrogatepass"))
    whole, astral = len(_WHOLE.findall(text)), len(_ASTRAL.findall(text))
    return math.ceil((size - whole - 4 * astral) / 3) + whole + 3 * astral + bool(text)


def message_text(message: Mapping[str, Any]) -> str:
    """Join the text of an OpenAI message: its content, whether string or parts, and the arguments of its tool calls."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    texts = [part if isinstance(part, str) else part.get("text") for part in parts if isinstance(part, str | dict)]
    calls = message.get("tool_calls")
    texts += [str(call) for call in calls] if isinstance(calls, list | tuple) else []
    return "\n".join(text for text in texts if isinstance(text, str))


def estimate_messages(messages: Iterable[Mapping[str, Any]]) -> int:
    """Over-estimate the tokens of a prompt."""
    return sum(estimate_tokens(message_text(message)) + _PER_MESSAGE for message in messages)


def estimate_prompt(messages: Iterable[Mapping[str, Any]], tools: object = None) -> int:
    """Over-estimate the tokens of a prompt with its tools."""
    return estimate_messages(messages) + (estimate_tokens(json.dumps(tools)) if tools else 0)


def least_prompt_tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    """Under-estimate the tokens of a prompt."""
    texts = [message_text({"content": message.get("content")}) for message in messages]
    return sum(map(_least, texts))


def _least(text: str) -> int:
    spread = len(_SCRIPT_WITHOUT_BLANKS.findall(text))
    return spread // 3 + len(_SCRIPT_WITHOUT_BLANKS.sub("", text).split())
