"""Model names as Ollama's clients write them: with a tag, or without one, which then means `:latest`."""

from __future__ import annotations

from contextlib import suppress

from sidecar.api.errors import RefusedError
from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import ModelNotFoundError
from sidecar.runtime.models import ChatTarget, ModelEntry
from sidecar.runtime.runtime import Runtime

_LATEST = ":latest"
_EMBEDS = ("embed", "bge")
"""What Smart Connections looks for in a name: models without it are not offered for embedding."""


def ollama_name(entry: ModelEntry) -> str:
    """The name under which a model is listed. An embedding model gets LM Studio's prefix unless its name tells."""
    name = entry.id
    if entry.kind == "embedding" and not any(word in name.lower() for word in _EMBEDS):
        name = f"text-embedding-{name}"
    return name if ":" in name.rsplit("/", 1)[-1] else name + _LATEST


def listed_model(runtime: Runtime, name: str) -> ModelEntry | None:
    """The listed model that a name means, `None` for an alias or an unknown name."""
    entries = runtime.model_entries()
    # What stands further down wins: an id always means itself.
    known = {ollama_name(entry).removesuffix(_LATEST): entry for entry in entries}
    known |= {ollama_name(entry): entry for entry in entries}
    known |= {entry.id: entry for entry in entries}
    return known.get(name) or known.get(name.removesuffix(_LATEST))


def chat_target(runtime: Runtime, name: str) -> ChatTarget:
    """What a chat model's name means. Raises RefusedError: 404 for an unknown name, 400 for an embedding model."""
    entry = listed_model(runtime, name)
    if entry is not None and entry.kind == "embedding":
        raise _unable(name, "chat")
    for candidate in (entry.id if entry else name, name.removesuffix(_LATEST)):
        with suppress(ModelNotFoundError):
            return runtime.chat_target(candidate)
    raise not_found(name)


def embedding_model(runtime: Runtime, name: str) -> EmbeddingModel:
    """The embedding model that a name means. Raises RefusedError: 404 for an unknown name, 400 for a chat model."""
    entry = listed_model(runtime, name)
    for candidate in (entry.id if entry else name, name.removesuffix(_LATEST)):
        with suppress(ModelNotFoundError):
            return runtime.embedding_model(candidate)
    raise not_found(name) if entry is None else _unable(name, "embeddings")


def not_found(name: str) -> RefusedError:
    """The error for a name that means nothing, in Ollama's words: clients look for them."""
    return RefusedError(f"model '{name}' not found", status=404, code="model_not_found")


def _unable(name: str, what: str) -> RefusedError:
    return RefusedError(f'"{name}" does not support {what}', status=400, code="invalid_value")
