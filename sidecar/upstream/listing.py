"""What servers say about their models, read from the JSON of OpenAI, vLLM, llama-server, Ollama and LM Studio.

Pure functions over what `json` gave; whatever the shape, they answer with a value or `None` and never raise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# Ollama cuts prompts silently at this length unless told otherwise, and LM Studio loads models with it by default,
# whatever the model was trained for.
DEFAULT_WINDOW = 4096
_LENGTHS = ("max_model_len", "context_length", "context_window", "max_input_tokens", "max_context_length")
_KINDS = {"llm": "chat", "vlm": "chat", "chat": "chat", "embeddings": "embedding", "embedding": "embedding"}
_EMBEDDING_NAME = re.compile(r"embed|minilm|(?:^|[/_-])(?:bge|gte|e5)-", re.IGNORECASE)
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamModel:
    """An entry of the upstream's model list."""

    id: str
    context_length: int | None = None
    """In tokens; `None` when the list does not say."""
    kind: str | None = None
    """`chat`, `embedding`, or `None` when neither the list nor the name tells."""


def model_list(listing: object) -> tuple[UpstreamModel, ...] | None:
    """Read `GET /v1/models`; `None` when it is something else. Entries without an id are left out."""
    entries = _get(listing, "data")
    if not isinstance(entries, list):
        return None
    return tuple(_model(entry, entry["id"]) for entry in entries if isinstance(_get(entry, "id"), str))


def lm_studio_window(listing: object, model: str) -> int | None:
    """Read LM Studio's `GET /api/v0/models`."""
    entries = _get(listing, "data")
    for entry in entries if isinstance(entries, list) else ():
        if _get(entry, "id") == model:
            longest = _count(_get(entry, "max_context_length"))
            return _count(_get(entry, "loaded_context_length")) or (longest and min(longest, DEFAULT_WINDOW))
    return None


def ollama_window(shown: object, running: object, model: str) -> int | None:
    """Read Ollama's `POST /api/show` and `GET /api/ps`: the model file's `num_ctx`, else what it is loaded with, else
    the default.
    """
    parameters = _get(shown, "parameters")
    if isinstance(parameters, str) and (found := _NUM_CTX.search(parameters)):
        return int(found.group(1))
    entries = _get(running, "models")
    for entry in entries if isinstance(entries, list) else ():
        if _get(entry, "name") in (model, f"{model}:latest") and (loaded := _count(_get(entry, "context_length"))):
            return loaded
    details = _get(shown, "model_info")
    for key, value in details.items() if isinstance(details, dict) else ():
        if str(key).endswith(".context_length") and (trained := _count(value)):
            return min(trained, DEFAULT_WINDOW)
    return None


def llama_server_window(props: object) -> int | None:
    """Read llama-server's `GET /props`: the window of one slot."""
    return _count(_get(_get(props, "default_generation_settings"), "n_ctx"))


def _model(entry: dict[str, Any], model_id: str) -> UpstreamModel:
    lengths = (_count(entry.get(key)) for key in _LENGTHS)
    kind = _KINDS.get(str(entry.get("type")))
    if kind is None and _EMBEDDING_NAME.search(model_id):
        kind = "embedding"
    return UpstreamModel(id=model_id, context_length=next((n for n in lengths if n), None), kind=kind)


def _get(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
