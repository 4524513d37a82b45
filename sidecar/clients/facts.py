"""What a client has to know of the server: addresses, the key, and the names of its models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sidecar.clients.filling import words_value
from sidecar.config import DEFAULT_PORT, Config

KEY_LEFT_OUT = "YOUR_KEY"
NO_KEY = "none"
_DEFAULT_MODEL = "vault"
_EMBEDS = ("embed", "bge")
_LOOPBACK: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared with
"""By the address of all interfaces, the one under which this machine reaches itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A server as its clients see it. `key` is `None` when it is not known or not to be shown.

    `model` answers from the notes, `plain_model` writes without them: `None` where no model writes. `embedding_model`
    is `None` where there is none. `origins` are those that the settings allow.
    """

    root_url: str
    vault: str
    model: str = _DEFAULT_MODEL
    plain_model: str | None = None
    embedding_model: str | None = "builtin"
    models: tuple[str, ...] = ()
    asks_key: bool = True
    key: str | None = None
    running: bool = False
    token_file: Path | None = None
    origins: tuple[str, ...] = ("app://obsidian.md",)
    program: tuple[str, ...] = ("sidecar", "mcp")
    """The words that start this installation's MCP server."""

    @property
    def base_url(self) -> str:
        return f"{self.root_url}/v1"

    @property
    def values(self) -> Mapping[str, str]:
        """What templates are filled with, by name."""
        embedding = self.embedding_model or "builtin"
        return {
            "root_url": self.root_url,
            "base_url": self.base_url,
            "chat_url": f"{self.base_url}/chat/completions",
            "host": urlsplit(self.root_url).netloc,
            "port": str(urlsplit(self.root_url).port or 80),
            "key": (self.key or KEY_LEFT_OUT) if self.asks_key else NO_KEY,
            "vault": self.vault,
            "model": self.model,
            "plain_model": self.plain_model or self.model,
            "embedding_model": embedding,
            "mcp_command": self.program[0],
            "mcp_args": words_value(self.program[1:]),
            "mcp_words": words_value(self.program),
            "chat_body": _chat_body(self.model),
            "ollama_model": _tagged(self.model),
            "ollama_embedding_model": _tagged(_embedding_name(embedding)),
        }


def default_facts(config: Config, *, vaults: Sequence[Path] = (), key: str | None = None) -> Facts:
    """What will hold when the server is started with these settings."""
    return Facts(
        root_url=f"http://{_reached_at(config.host)}:{config.port or DEFAULT_PORT}",
        vault=vaults[0].name if vaults else "your vault",
        embedding_model=_named(config.embedding_model),
        asks_key=config.auth,
        key=key,
        token_file=config.token_file if config.auth else None,
        origins=config.origins,
    )


def _reached_at(host: str) -> str:
    """What a program on this machine enters for the address that a server listens on. That of all interfaces is none
    to connect to: Windows refuses it.
    """
    name = _LOOPBACK.get(host, host)
    return f"[{name}]" if ":" in name else name


def served_facts(config: Config, *, runtime: Mapping[str, Any], models: Any, key: str | None) -> Facts:
    """What holds for the running server, from what it wrote about itself and from its `GET /v1/models`."""
    chat = _ids(models, "llm")
    embeddings = _ids(models, "embeddings")
    vaults = runtime.get("vaults")
    first = vaults[0] if isinstance(vaults, list) and vaults else "your vault"
    return Facts(
        root_url=_usable(str(runtime["url"]).rstrip("/")),
        vault=str(first),
        plain_model=plain_model(chat),
        embedding_model=next(iter(embeddings), None),
        models=(*chat, *embeddings),
        asks_key=bool(runtime.get("token_file")),
        key=key,
        running=True,
        token_file=config.token_file if runtime.get("token_file") else None,
        origins=config.origins,
    )


def _usable(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    return f"{parts.scheme}://{_reached_at(host)}:{port or 80}" if host in _LOOPBACK else url


def plain_model(chat: Sequence[str]) -> str | None:
    """The first model that writes without notes: one listed by itself and, behind a vault's name, with its notes."""
    behind = {model.partition("/")[2] for model in chat}
    return next((model for model in chat if model != _DEFAULT_MODEL and model in behind), None)


def _ids(models: Any, kind: str) -> tuple[str, ...]:
    entries = models.get("data") if isinstance(models, dict) else None
    if not isinstance(entries, list):
        return ()
    return tuple(str(entry["id"]) for entry in entries if isinstance(entry, dict) and entry.get("type") == kind)


def _chat_body(model: str) -> str:
    question = {"role": "user", "content": "What did I decide about the boiler?"}
    return json.dumps({"model": model, "stream": True, "messages": [question]}, ensure_ascii=False)


def _named(embedding_model: str) -> str | None:
    return None if embedding_model == "none" else Path(embedding_model).name.removesuffix(".gguf")


def _embedding_name(name: str) -> str:
    """The name in Ollama's list, where an embedding model is known by its name."""
    return name if any(word in name.lower() for word in _EMBEDS) else f"text-embedding-{name}"


def _tagged(name: str) -> str:
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"
