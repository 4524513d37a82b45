"""What can be told of each model at once: from the header of its file, never from the model itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sidecar.api.errors import RefusedError
from sidecar.api.neighbours.names import chat_target, embedding_model, listed_model, ollama_name
from sidecar.embedding.llama import LlamaEmbeddingModel
from sidecar.embedding.model import EmbeddingModel
from sidecar.embedding.static import StaticEmbeddingModel
from sidecar.errors import SidecarError
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.model import ChatModel
from sidecar.protocol.ollama_models import ModelCard
from sidecar.runtime.model_choice import EXTRACTIVE
from sidecar.runtime.models import DEFAULT_ID, ModelEntry
from sidecar.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A model with its card; `running` is false when its file is to be loaded first."""

    entry: ModelEntry
    card: ModelCard
    running: bool


async def all_described(runtime: Runtime) -> list[Described]:
    """Describe every listed model. Instant: of models on another server it says no more than the list does."""
    default = runtime.chat_target(DEFAULT_ID).model
    facts = await _facts(default)
    found = []
    for entry in runtime.model_entries():
        if entry.kind == "embedding":
            found.append(_described(entry, await _facts(runtime.embedding_model(entry.id))))
        # Only the default model can be a file. Resolving each of an upstream's hundreds of names would take seconds.
        elif entry.id in (DEFAULT_ID, default.name) or entry.id.endswith(f"/{default.name}"):
            found.append(_described(entry, facts))
        else:
            found.append(_described(entry, {"calls_tools": not entry.id.endswith(f"/{EXTRACTIVE}")}))
    return found


async def described(runtime: Runtime, name: str) -> Described:
    """Describe what a name means as fully as can be: another server may be asked, weights are not loaded.

    Raises RefusedError (404) for an unknown name.
    """
    entry = listed_model(runtime, name) or _alias(runtime, name)
    if entry.kind == "embedding":
        embedding = embedding_model(runtime, name)
        return _described(entry, await _embedding_lengths(embedding) | await _facts(embedding))
    chat = chat_target(runtime, name).model
    return _described(entry, await _chat_length(chat) | await _facts(chat))


def _alias(runtime: Runtime, name: str) -> ModelEntry:
    """An entry for a name that is understood but not listed. Raises RefusedError (404)."""
    kind: Literal["chat", "embedding"] = "chat"
    try:
        chat_target(runtime, name)
    except RefusedError:
        embedding_model(runtime, name)
        kind = "embedding"
    created = next((entry.created for entry in runtime.model_entries()), 0)
    return ModelEntry(id=name, kind=kind, name=name, owned_by="sidecar", created=created)


async def _chat_length(model: ChatModel) -> dict[str, Any]:
    with suppress(SidecarError):
        return {"context_length": await model.context_length()}
    return {}


async def _embedding_lengths(model: EmbeddingModel) -> dict[str, Any]:
    if isinstance(model, LlamaEmbeddingModel):
        # The header of its file tells; asking the model would load it.
        return {}
    with suppress(SidecarError):
        return {"embedding_length": await model.dimensions(), "context_length": (await model.text_limit()).most}
    return {}


async def _facts(model: ChatModel | EmbeddingModel) -> dict[str, Any]:
    """The fields of a card that can be told at once, `running`, and for a chat model `calls_tools`."""
    if isinstance(model, StaticEmbeddingModel):
        with suppress(SidecarError):
            return {"context_length": (await model.text_limit()).most}
    if not isinstance(model, LlamaChatModel | LlamaEmbeddingModel):
        return {"calls_tools": not isinstance(model, ExtractiveModel)}
    try:
        gguf = await model.process.describe()
        modified = (await asyncio.to_thread(gguf.path.stat)).st_mtime
    except (SidecarError, OSError):
        # It may come back while the server runs, and is listed as long as it is configured.
        return {"running": False}
    template = gguf.chat_template or ""
    return {
        "running": model.process.running,
        # How Ollama decides it, too: a template that does not read tools cannot show them to the model.
        "calls_tools": "tools" in template,
        "modified": modified,
        "family": gguf.architecture,
        "file_format": "gguf",
        "size": gguf.file_size,
        "parameter_count": gguf.parameter_count,
        "quantization": gguf.file_type or "unknown",
        "context_length": model.process.context_length_of(gguf),
        "embedding_length": gguf.embedding_length,
        "block_count": gguf.block_count,
        "template": template,
    }


def _described(entry: ModelEntry, facts: Mapping[str, Any]) -> Described:
    known = {"modified": float(entry.created), "context_length": entry.context_length, **facts}
    running, calls_tools = known.pop("running", True), known.pop("calls_tools", False)
    able = ("embedding",) if entry.kind == "embedding" else ("completion", "tools") if calls_tools else ("completion",)
    card = ModelCard(name=ollama_name(entry), capabilities=able, **known)
    return Described(entry=entry, card=card, running=running)
