"""What servers say about their models, read from the JSON of OpenAI, vLLM, llama-server, Ollama, LM Studio and others.

Pure functions over what `json` gave; whatever the shape, they answer with a value or `None` and never raise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

# Ollama cuts prompts silently at this length unless told otherwise (more where there are 24 GB of video memory), and LM
# Studio loads models with it by default, whatever the model was trained for.
DEFAULT_WINDOW = 4096
_LENGTHS = ("max_model_len", "context_length", "context_window", "max_input_tokens", "max_context_length")
_KINDS = {"llm": "chat", "vlm": "chat", "chat": "chat", "embeddings": "embedding", "embedding": "embedding"}
_EMBEDDING_NAME = re.compile(r"embed|minilm|(?:^|[/_-])(?:bge|gte|e5)-", re.IGNORECASE)
_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)
# How Ollama names the models that its own server passes on to ollama.com.
_CLOUD_NAME = re.compile(r"(?::|-)cloud$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamModel:
    """An entry of the upstream's model list."""

    id: str
    context_length: int | None = None
    """In tokens; `None` when the list does not say."""
    kind: str | None = None
    """`chat`, `embedding`, or `None` when neither the list nor the name tells."""
    owner: str | None = None
    """`owned_by`, in which some servers sign."""
    elsewhere: bool = False
    """The server passes what it is sent on to another machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaModel:
    """What Ollama tells of one model. Lengths in tokens."""

    trained: int | None = None
    num_ctx: int | None = None
    """The model file's own setting."""
    loaded: int | None = None
    """The window with which it is in memory now."""
    family: str = ""
    thinks: bool = False
    elsewhere: bool = False


def named_elsewhere(model: str) -> bool:
    """Whether a model's name says that it is run by ollama.com."""
    return _CLOUD_NAME.search(model) is not None


def model_list(listing: object) -> tuple[UpstreamModel, ...] | None:
    """Read `GET /v1/models`; `None` when it is something else. Entries without an id are left out."""
    entries = _get(listing, "data")
    if not isinstance(entries, list):
        return None
    return tuple(_model(entry, entry["id"]) for entry in entries if isinstance(_get(entry, "id"), str))


def with_tags(models: tuple[UpstreamModel, ...], tags: object) -> tuple[UpstreamModel, ...]:
    """Add what Ollama's `GET /api/tags` knows: which models embed, and which are run elsewhere."""
    entries = _get(tags, "models")
    known = {str(_get(entry, "name")): entry for entry in entries} if isinstance(entries, list) else {}
    return tuple(_tagged(model, known.get(model.id)) for model in models)


def lm_studio_window(listing: object, model: str) -> int | None:
    """Read LM Studio's `GET /api/v0/models`."""
    entries = _get(listing, "data")
    for entry in entries if isinstance(entries, list) else ():
        if _get(entry, "id") == model:
            longest = _count(_get(entry, "max_context_length"))
            return _count(_get(entry, "loaded_context_length")) or (longest and min(longest, DEFAULT_WINDOW))
    return None


def lm_studio_native_window(listing: object, model: str) -> int | None:
    """Read LM Studio's newer `GET /api/v1/models`: the smallest window of the instances that are loaded."""
    entries = _get(listing, "models")
    for entry in entries if isinstance(entries, list) else ():
        loaded = _get(entry, "loaded_instances")
        instances = loaded if isinstance(loaded, list) else []
        if model == _get(entry, "key") or model in [_get(one, "id") for one in instances]:
            lengths = [_count(_get(_get(one, "config"), "context_length")) for one in instances]
            longest = _count(_get(entry, "max_context_length"))
            return min((n for n in lengths if n), default=longest and min(longest, DEFAULT_WINDOW))
    return None


def ollama_model(shown: object, running: object, model: str) -> OllamaModel:
    """Read Ollama's `POST /api/show` and `GET /api/ps`."""
    parameters, details = _get(shown, "parameters"), _get(shown, "model_info")
    found = _NUM_CTX.search(parameters) if isinstance(parameters, str) else None
    lengths = [v for k, v in details.items() if str(k).endswith(".context_length")] if isinstance(details, dict) else []
    abilities = _get(shown, "capabilities")
    return OllamaModel(
        trained=next((n for n in map(_count, lengths) if n), None),
        num_ctx=_count(int(found.group(1))) if found else None,
        loaded=_loaded(running, model),
        family=str(_get(_get(shown, "details"), "family") or ""),
        thinks=isinstance(abilities, list) and "thinking" in abilities,
        elsewhere=bool(_get(shown, "remote_host")) or named_elsewhere(model),
    )


def ollama_window(model: OllamaModel) -> int | None:
    """The window that Ollama gives a model unasked: the model file's `num_ctx`, else what it is loaded with, else the
    default.
    """
    return model.num_ctx or model.loaded or (model.trained and min(model.trained, DEFAULT_WINDOW))


def llama_server_window(props: object) -> int | None:
    """Read llama-server's `GET /props`: the window of one slot."""
    return _count(_get(_get(props, "default_generation_settings"), "n_ctx"))


def kobold_window(answer: object) -> int | None:
    """Read KoboldCpp's `GET /api/extra/true_max_context_length`."""
    return _count(_get(answer, "value"))


def _loaded(running: object, model: str) -> int | None:
    entries = _get(running, "models")
    for entry in entries if isinstance(entries, list) else ():
        if _get(entry, "name") in (model, f"{model}:latest"):
            return _count(_get(entry, "context_length"))
    return None


def _model(entry: dict[str, Any], model_id: str) -> UpstreamModel:
    # llama-server tells a slot's window in `meta`.
    lengths = [_count(entry.get(key)) for key in _LENGTHS] + [_count(_get(entry.get("meta"), "n_ctx"))]
    kind = _KINDS.get(str(entry.get("type")))
    if kind is None and _EMBEDDING_NAME.search(model_id):
        kind = "embedding"
    owner = entry.get("owned_by")
    return UpstreamModel(
        id=model_id,
        context_length=next((n for n in lengths if n), None),
        kind=kind,
        owner=owner if isinstance(owner, str) else None,
        elsewhere=named_elsewhere(model_id),
    )


def _tagged(model: UpstreamModel, entry: object) -> UpstreamModel:
    abilities = _get(entry, "capabilities")
    embeds = isinstance(abilities, list) and "embedding" in abilities and "completion" not in abilities
    return replace(
        model,
        kind="embedding" if embeds else model.kind,
        elsewhere=model.elsewhere or bool(_get(entry, "remote_host")),
    )


def _get(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
