"""LM Studio's own API, `/api/v0` (https://lmstudio.ai/docs/developer/rest/endpoints): what it has beyond OpenAI's."""

from __future__ import annotations

from typing import Any, Literal

from sidecar.protocol.ollama_models import ModelCard

_STOP_REASONS = {"stop": "eosFound", "length": "maxPredictedTokensReached", "tool_calls": "toolCalls"}


def lm_studio_model(card: ModelCard, *, id: str, kind: Literal["chat", "embedding"]) -> dict[str, Any]:  # noqa: A002  # the wire's own name
    """Build one entry. `state` is always `loaded`: clients that see anything else ask to load the model first, which is
    nothing to be asked for here. Smart Connections cuts its texts to `loaded_context_length`.
    """
    return {
        "id": id,
        "object": "model",
        "type": "llm" if kind == "chat" else "embeddings",
        "publisher": "sidecar",
        "arch": card.family or "sidecar",
        "compatibility_type": card.file_format or "gguf",
        "quantization": card.quantization or "unknown",
        "state": "loaded",
        "max_context_length": card.window,
        "loaded_context_length": card.window,
        "capabilities": ["tool_use"] if "tools" in card.capabilities else [],
    }


def answer_extras(
    card: ModelCard, *, durations: tuple[int, int, int], tokens: int, finish_reason: str, version: str
) -> dict[str, Any]:
    """Build what stands beside OpenAI's keys in a whole answer. `durations` as in Ollama's API; here, seconds."""
    _, prompt, answer = (nanoseconds / 1e9 for nanoseconds in durations)
    return {
        "stats": {
            "tokens_per_second": tokens / answer if answer else 0.0,
            "time_to_first_token": prompt,
            "generation_time": answer,
            "stop_reason": _STOP_REASONS.get(finish_reason, "eosFound"),
        },
        "model_info": {
            "arch": card.family or "sidecar",
            "quant": card.quantization or "unknown",
            "format": card.file_format or "gguf",
            "context_length": card.window,
        },
        "runtime": {"name": "sidecar", "version": version, "supported_formats": ["gguf"]},
    }
