"""Which models the settings mean: built in, a GGUF file, or on an upstream server; each is opened here alone."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from sidecar.config import Config
from sidecar.embedding.model import EmbeddingModel
from sidecar.embedding.static import StaticEmbeddingModel, static_available
from sidecar.embedding.upstream import UpstreamEmbeddingModel
from sidecar.errors import ConfigError, ModelUnavailableError, SidecarError
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.model import ChatModel
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.rerank.model import RerankModel
from sidecar.runtime.model_files import ModelFiles
from sidecar.runtime.upstreams import Upstreams
from sidecar.upstream.server import Upstream

EXTRACTIVE = "extractive"
_NO_NAMES = frozenset({EXTRACTIVE, "builtin", "none"})
_WHERE_TO_LOOK = "the path of a GGUF file, or a name that `sidecar models list` shows"
_START_WAIT = 3.0
"""Seconds for which a start waits for a server that is to be asked which model it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatModels:
    """The chat models by id, and the id of the default one: `None` for the first that the upstream lists."""

    by_id: dict[str, ChatModel]
    default: str | None


def choose_embedding(
    config: Config, name: str, files: ModelFiles, upstreams: Upstreams, notices: list[str]
) -> EmbeddingModel | None:
    """Open an embedding model; `None` for search by words alone, with a notice unless that is wanted.

    Raises ConfigError.
    """
    if name == "none":
        return None
    if name == "builtin":
        missing = static_available()
        if missing is None:
            return StaticEmbeddingModel()
        notices.append(f"Search runs on words alone: {missing}")
        return None
    if (path := files.at(name)) is not None:
        return files.embedding(path)
    found, path = _meant(name, files, upstreams)
    if path is not None:
        return files.embedding(path, name=name)
    if found is not None:
        return UpstreamEmbeddingModel(*found, name=name, here_only=config.offline)
    raise ConfigError(
        f"The embedding model {name!r} is neither built in nor a file.",
        hint=f"Use `builtin`, {_WHERE_TO_LOOK}, or name an upstream server with --upstream.",
    )


async def choose_rerank(config: Config, files: ModelFiles, notices: list[str]) -> RerankModel | None:
    """Open the reranking model; `None`, with a notice, when it cannot rank. Raises ConfigError."""
    if config.rerank_model is None:
        return None
    if (path := files.at(config.rerank_model)) is not None:
        model = files.rerank(path)
    elif (path := files.named(config.rerank_model)) is not None:
        model = files.rerank(path, name=config.rerank_model)
    else:
        raise ConfigError(
            f"The reranking model {config.rerank_model!r} is not a file.",
            hint=f"Give {_WHERE_TO_LOOK}, of a cross-encoder.",
        )
    try:
        await model.check()
    except ModelUnavailableError as error:
        # Not fatal: search works without it.
        notices.append(f"Hits are not reranked: {error.message}{f' {error.hint}' if error.hint else ''}")
        return None
    return model


async def choose_chat(config: Config, files: ModelFiles, upstreams: Upstreams, notices: list[str]) -> ChatModels:
    """Open the chat models. A server or file that is away costs a notice. Raises ConfigError."""
    models: dict[str, ChatModel] = {EXTRACTIVE: ExtractiveModel()}
    if config.model == EXTRACTIVE or (config.model is None and upstreams.default is None):
        return ChatModels(by_id=models, default=EXTRACTIVE)
    if config.model is None:
        assert upstreams.default is not None
        await _look_for_models(upstreams.default, notices)
        return ChatModels(by_id=models, default=None)
    model = await _set_model(config, config.model, files, upstreams, notices)
    return ChatModels(by_id=models | {model.name: model}, default=model.name)


async def _set_model(
    config: Config, name: str, files: ModelFiles, upstreams: Upstreams, notices: list[str]
) -> ChatModel:
    if (path := files.at(name)) is not None:
        return await _checked(files.chat(path), notices)
    found, path = _meant(name, files, upstreams)
    if path is not None:
        return await _checked(files.chat(path, name=name), notices)
    if found is not None:
        return upstream_chat(config, *found, name)
    raise _unknown(name, upstreams)


async def ask_for_namesakes(config: Config, files: ModelFiles, upstreams: Upstreams) -> None:
    """Ask the servers that a set model may be on, where a file on this machine has the name as well."""
    for name in (config.model, config.embedding_model):
        found = None if name is None or files.at(name) else upstreams.find(name)
        if name is not None and found is not None and name not in _NO_NAMES and _is_file(name, files):
            with contextlib.suppress(SidecarError, TimeoutError):
                async with asyncio.timeout(_START_WAIT):
                    await found[0].models()


def _is_file(name: str, files: ModelFiles) -> bool:
    try:
        return files.named(name) is not None
    except SidecarError:
        # Several files have the name, or one of them lacks a part.
        return True


def _meant(name: str, files: ModelFiles, upstreams: Upstreams) -> tuple[tuple[Upstream, str] | None, Path | None]:
    """The server's model or the file that a name means, `None` twice where nothing has it. A server goes first, unless
    it is known not to have the model.

    Raises ConfigError and ModelUnavailableError as `ModelFiles.named`.
    """
    found = upstreams.find(name)
    if found is not None and not upstreams.lacks(name):
        return found, None
    return found, files.named(name)


def upstream_chat(config: Config, upstream: Upstream, model: str, name: str) -> ChatModel:
    """Open a chat model of a server under the id `name`. Asks nothing."""
    return UpstreamChatModel(upstream, model, name=name, context_length=config.context_length, here_only=config.offline)


def _unknown(name: str, upstreams: Upstreams) -> ConfigError:
    servers = f", or NAME/MODEL with one of {', '.join(upstreams.named)}" if upstreams.named else ""
    return ConfigError(
        f"The model {name!r} is not a file.",
        hint=f"Give {_WHERE_TO_LOOK}, or name the server that has the model with --upstream{servers}.",
    )


async def _look_for_models(upstream: Upstream, notices: list[str]) -> None:
    try:
        async with asyncio.timeout(_START_WAIT):
            await upstream.kind()
            found = await upstream.models()
    except TimeoutError:
        notices.append(f"{upstream.name} at {upstream.url} did not answer yet; until it does, answers are quotations.")
    except SidecarError as error:
        notices.append(f"The upstream server did not answer, so answers are quotations: {error.message}")
    else:
        if not any(model.kind != "embedding" for model in found):
            notices.append("The upstream server has no chat model, so answers are quotations.")


async def _checked(model: LlamaChatModel, notices: list[str]) -> ChatModel:
    try:
        await model.describe()
    except ModelUnavailableError as error:
        # Not fatal: search works, and the file may be put in its place while the server runs.
        notices.append(f"The model cannot be used: {error.message}")
    return model
