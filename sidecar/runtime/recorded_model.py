"""A chat model whose prompts and answers go to the log of content as well."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from sidecar.inference.model import ChatModel, Completion, Delta
from sidecar.logs.content import ContentLog


class RecordedModel:
    """Answers as the model does that it is made of, which stays its owner's to close."""

    def __init__(self, model: ChatModel, *, log: ContentLog) -> None:
        self._model = model
        self._log = log

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def generative(self) -> bool:
        return self._model.generative

    @property
    def on_this_machine(self) -> bool:
        return self._model.on_this_machine

    async def context_length(self) -> int | None:
        return await self._model.context_length()

    async def count_tokens(self, text: str) -> int:
        return await self._model.count_tokens(text)

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """Answer, and write down what was asked and, however it ends, what was answered."""
        identity = uuid.uuid4().hex[:12]
        self._log.write("prompt", {"id": identity, "model": self.name, **_prompt(completion)})
        content: list[str] = []
        reasoning: list[str] = []
        calls: list[Any] = []
        try:
            async with aclosing(self._model.stream(completion)) as deltas:
                async for delta in deltas:
                    content.append(delta.content)
                    reasoning.append(delta.reasoning)
                    calls += delta.tool_calls
                    yield delta
        finally:
            told = {"content": "".join(content), "reasoning": "".join(reasoning), "tool_calls": calls}
            self._log.write("answer", {"id": identity, **told})

    async def aclose(self) -> None:
        """Leave the model open: it is not ours."""


def _prompt(completion: Completion) -> dict[str, Any]:
    return {
        "messages": list(completion.messages),
        "options": dict(completion.options),
        "passages": [{"link": source.link, "text": source.text} for source in completion.sources],
    }
