"""Which models the settings mean: built in, a GGUF file, or on an upstream server; each is opened here alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

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
from sidecar.upstream import Upstream

EXTRACTIVE = "extractive"
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
    if (found := upstreams.find(name)) is not None:
        return UpstreamEmbeddingModel(*found, name=name, local_only=config.offline)
    if (path := files.named(name)) is not None:
        return files.embedding(path, name=name)
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
    model: ChatModel
    if (path := files.at(config.model)) is not None:
        model = await _checked(files.chat(path), notices)
    elif (found := upstreams.find(config.model)) is not None:
        model = upstream_chat(config, *found, config.model)
    elif (path := files.named(config.model)) is not None:
        model = await _checked(files.chat(path, name=config.model), notices)
    else:
        raise _unknown(config.model, upstreams)
    return ChatModels(by_id=models | {model.name: model}, default=model.name)


def upstream_chat(config: Config, upstream: Upstream, model: str, name: str) -> ChatModel:
    """Open a chat model of a server under the id `name`. Asks nothing."""
    return UpstreamChatModel(
        upstream, model, name=name, context_length=config.context_length, local_only=config.offline
    )


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
