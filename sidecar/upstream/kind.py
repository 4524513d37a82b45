"""Which program a server is, told from what it answers: several imitate Ollama, and ports are anybody's.

The marks, from each program's public source or documentation: vLLM, llama.cpp, KoboldCpp and Sidecar sign their models
(`owned_by`). KoboldCpp names itself at `/api/extra/version`. LM Studio's `/api/v0/models` tells a `state`. LocalAI's
`/system` lists `backends`. llama-server's `/props` has `default_generation_settings`. text-generation-webui tells its
model at `/v1/internal/model/info`. What answers `/api/version` and is none of these is Ollama.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sidecar.upstream.listing import UpstreamModel

ServerKind: TypeAlias = Literal[
    "ollama", "lm-studio", "llama-server", "vllm", "localai", "koboldcpp", "textgen", "sidecar", "openai"
]
"""`openai` is any other server that speaks OpenAI's API."""

Peek: TypeAlias = Callable[[str], Awaitable[Any]]
"""Gives the JSON object at a path below the server's root, `None` where there is none."""

NAMES: Mapping[ServerKind, str] = {
    "ollama": "Ollama",
    "lm-studio": "LM Studio",
    "llama-server": "llama-server",
    "vllm": "vLLM",
    "localai": "LocalAI",
    "koboldcpp": "KoboldCpp",
    "textgen": "text-generation-webui",
    "sidecar": "Sidecar",
    "openai": "OpenAI-compatible server",
}

_OWNERS: Mapping[str, ServerKind] = {
    "vllm": "vllm",
    "llamacpp": "llama-server",
    "koboldcpp": "koboldcpp",
    "sidecar": "sidecar",
}
_PATHS = ("/api/extra/version", "/api/v0/models", "/system", "/props", "/v1/internal/model/info", "/api/version")
_NUMBERS = re.compile(r"\d+")
# The first Ollama whose chat takes `truncate` and `shift`; older ones pass over both and cut the prompt.
_REFUSING_OLLAMA = (0, 12, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A server's kind, and whether it refuses a prompt that is too long (else it may cut it silently)."""

    kind: ServerKind
    refuses_long: bool = False


async def recognise(models: Iterable[UpstreamModel], peek: Peek) -> Recognised:
    """Look at the owners of the listed models, then at what only one program has, all at once."""
    for model in models:
        if kind := _OWNERS.get(model.owner or ""):
            return Recognised(kind=kind, refuses_long=kind in ("vllm", "llama-server", "sidecar"))
    extra, studio, system, props, textgen, version = await asyncio.gather(*(peek(path) for path in _PATHS))
    if _get(extra, "result") == "KoboldCpp":
        return Recognised(kind="koboldcpp")
    if _is_studio(studio):
        return Recognised(kind="lm-studio")
    if isinstance(_get(system, "backends"), list):
        return Recognised(kind="localai")
    if isinstance(_get(props, "default_generation_settings"), dict):
        return Recognised(kind="llama-server", refuses_long=True)
    if isinstance(_get(textgen, "model_name"), str):
        return Recognised(kind="textgen")
    if isinstance(number := _get(version, "version"), str):
        return Recognised(kind="ollama", refuses_long=_numbers(number) >= _REFUSING_OLLAMA)
    return Recognised(kind="openai")


def _is_studio(listing: object) -> bool:
    entries = _get(listing, "data")
    return isinstance(entries, list) and all(isinstance(_get(entry, "state"), str) for entry in entries)


def _numbers(version: str) -> tuple[int, ...]:
    # A build from source calls itself 0.0.0: it counts as an old one, which costs no more than care.
    return tuple(int(number[:9]) for number in _NUMBERS.findall(version)[:3])


def _get(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
