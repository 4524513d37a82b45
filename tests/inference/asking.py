"""Asking a GGUF model directly, without a server around it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.model import ChatModel, Completion, Delta, Message
from tests.llama.run_options import run_options


@asynccontextmanager
async def opened(path: Path) -> AsyncGenerator[LlamaChatModel]:
    """The model in `path`, on one thread: with more, sums are rounded in another order each time."""
    model = LlamaChatModel(path, options=run_options())
    try:
        yield model
    finally:
        await model.aclose()


async def asked(model: ChatModel, messages: Sequence[Message], **options: Any) -> list[Delta]:
    """Every delta of an answer."""
    return [delta async for delta in model.stream(Completion(messages=messages, options=options))]
