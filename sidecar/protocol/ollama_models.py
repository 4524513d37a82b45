"""Ollama's API: how models are listed and described."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.protocol.ollama_answers import timestamp

VERSION = "0.13.0"
"""What Ollama is said to be. Clients compare it with the version that brought what they use: schemas in `format` 0.5.0,
`capabilities` in show 0.6.4 (Raycast, VS Code), streamed tool calls 0.8.0, `thinking` 0.9.0, `logprobs` 0.12.11. They
split it at dots into numbers, so nothing may follow the third."""
_UNKNOWN_WINDOW = 4096
"""Tokens. Some clients fail without a context length; this is what Ollama itself uses unless told otherwise."""
_NEVER = "2318-01-01T00:00:00Z"
"""When a model is put away that stays, as Ollama says it. One that was put away here is back when it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What is told of a model; `None` and the empty string are what is not known. Lengths are in tokens, `size` in
    bytes, `modified` in seconds since 1970.
    """

    name: str
    modified: float
    capabilities: tuple[str, ...]
    family: str = ""
    file_format: str = ""
    size: int = 0
    parameter_count: int | None = None
    quantization: str = ""
    context_length: int | None = None
    embedding_length: int | None = None
    block_count: int | None = None
    template: str = ""

    @property
    def digest(self) -> str:
        """64 hex digits that stay until the file changes, of name, size and time: its bytes are gigabytes."""
        return hashlib.sha256(f"{self.name}\0{self.size}\0{self.modified}".encode("utf-8", "replace")).hexdigest()

    @property
    def window(self) -> int:
        """The context length, or a careful one."""
        return self.context_length or _UNKNOWN_WINDOW


def tags_body(cards: Sequence[ModelCard]) -> dict[str, Any]:
    """Build `GET /api/tags`."""
    return {"models": [_listed(card) for card in cards]}


def running_body(cards: Sequence[ModelCard]) -> dict[str, Any]:
    """Build `GET /api/ps`."""
    running = [
        {**_listed(card), "expires_at": _NEVER, "size_vram": card.size, "context_length": card.window} for card in cards
    ]
    return {"models": running}


def show_body(card: ModelCard) -> dict[str, Any]:
    """Build `POST /api/show`. Its `*.context_length` is what a request may really take."""
    return {
        "license": "",
        "modelfile": "",
        "parameters": "",
        "template": card.template,
        "details": _details(card),
        "model_info": _info(card),
        "capabilities": list(card.capabilities),
        "modified_at": _moment(card.modified),
    }


def version_body(own: str) -> dict[str, Any]:
    """Build `GET /api/version`; `own` is Sidecar's."""
    return {"version": VERSION, "sidecar": own}


def _listed(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "model": card.name,
        "modified_at": _moment(card.modified),
        "size": card.size,
        "digest": card.digest,
        "details": _details(card),
        "capabilities": list(card.capabilities),
    }


def _details(card: ModelCard) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": card.file_format,
        "family": card.family,
        "families": [card.family] if card.family else [],
        "parameter_size": _human(card.parameter_count),
        "quantization_level": card.quantization,
    }


def _info(card: ModelCard) -> dict[str, Any]:
    family = card.family or "sidecar"
    lengths = {
        f"{family}.context_length": card.window,
        f"{family}.embedding_length": card.embedding_length,
        f"{family}.block_count": card.block_count,
        "general.parameter_count": card.parameter_count,
    }
    # VS Code shows the basename; Smart Connections looks for keys that hold `context_length` and `embedding_length`.
    known = {key: value for key, value in lengths.items() if value is not None}
    return {"general.architecture": family, "general.basename": card.name.removesuffix(":latest"), **known}


def _human(count: int | None) -> str:
    """Write a number of parameters as people do: 7.6B, 137M."""
    if count is None:
        return ""
    for size, letter in ((1e12, "T"), (1e9, "B")):
        if count >= size:
            return f"{count / size:.1f}{letter}"
    for size, letter in ((1e6, "M"), (1e3, "K")):
        if count >= size:
            return f"{count / size:.0f}{letter}"
    return str(count)


def _moment(seconds: float) -> str:
    return timestamp(dt.datetime.fromtimestamp(seconds, tz=dt.UTC))
