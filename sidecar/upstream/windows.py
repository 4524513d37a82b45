"""The window a server runs a model with, asked for where each kind of server tells it."""

from __future__ import annotations

from urllib.parse import quote

from sidecar.upstream.kind import ServerKind
from sidecar.upstream.listing import (
    OllamaModel,
    kobold_window,
    llama_server_window,
    lm_studio_native_window,
    lm_studio_window,
    ollama_model,
    ollama_window,
)
from sidecar.upstream.transport import Transport


async def window_of(model: str, transport: Transport, *, kind: ServerKind) -> int | None:
    """Ask, in tokens; `None` when the server does not say. Never raises."""
    if kind == "koboldcpp":
        return kobold_window(await transport.peek("/api/extra/true_max_context_length"))
    if kind == "llama-server":
        return await _llama_server_window(model, transport)
    if kind in ("vllm", "textgen"):
        return None
    if kind == "localai":
        # What its imitation of Ollama tells is the size set for the model, not the one it was trained for.
        return (await show(model, transport)).trained
    if kind == "ollama":
        return ollama_window(await show(model, transport))
    studio = lm_studio_window(await transport.peek("/api/v0/models"), model)
    if studio or kind == "lm-studio":
        return studio or lm_studio_native_window(await transport.peek("/api/v1/models"), model)
    return ollama_window(await show(model, transport)) or await _llama_server_window(model, transport)


async def show(model: str, transport: Transport) -> OllamaModel:
    """Ask Ollama about one model; all empty where it does not know it. Never raises."""
    shown = await transport.peek("/api/show", {"model": model})
    return ollama_model(shown, await transport.peek("/api/ps") if shown else None, model)


async def _llama_server_window(model: str, transport: Transport) -> int | None:
    # A llama-server that holds several models tells of one; it is not to load it for that.
    named = await transport.peek(f"/props?model={quote(model, safe='')}&autoload=false")
    return llama_server_window(named or await transport.peek("/props"))
