"""The connection of OpenAI's own client, and what its calls have in common."""

from __future__ import annotations

import json
from typing import Any

import openai
from openai.types.chat import ChatCompletionMessageParam

from tests.clients.python.harness import service


def connect(*, strict: bool) -> openai.OpenAI:
    """Connect; a strict client raises for an answer that lacks a field or holds one of a wrong type."""
    return openai.OpenAI(
        base_url=service.base,
        api_key=service.key,
        max_retries=0,
        timeout=60,
        _strict_response_validation=strict,
    )


client = connect(strict=True)
asked: list[ChatCompletionMessageParam] = [{"role": "user", "content": service.question}]
parameters: Any = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
    "required": ["colour"],
    "additionalProperties": False,
}
schema: Any = {"name": "choice", "schema": parameters, "strict": True}


def painted(arguments: str) -> None:
    """Check the arguments of a call of `paint`."""
    assert json.loads(arguments)["colour"] in ("red", "blue"), arguments
