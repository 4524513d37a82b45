"""The runtime: every object of a running Sidecar, built from the configuration and closed in one place."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil

from sidecar import __version__
from sidecar.chat import AnswerDelta, ChatRequest, answer
from sidecar.config import Config
from sidecar.embedding.llama import LlamaEmbeddingModel
from sidecar.embedding.model import EmbeddingModel
from sidecar.embedding.static import StaticEmbeddingModel, static_available
from sidecar.embedding.upstream import UpstreamEmbeddingModel
from sidecar.errors import ConfigError, ModelUnavailableError, RequestError, SidecarError
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.model import ChatModel
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.rerank.llama import LlamaRerankModel
from sidecar.rerank.model import RerankModel
from sidecar.runtime import datafolder
from sidecar.runtime.models import ChatTarget, ModelEntry, ModelRegistry
from sidecar.runtime.opening import open_vault
from sidecar.runtime.response_runs import ResponseRuns
from sidecar.runtime.stored_responses import FILE, StoredResponses
from sidecar.runtime.stores import Stores
from sidecar.runtime.vaults import OpenVault
from sidecar.upstream import Upstream

log = logging.getLogger(__name__)

EXTRACTIVE = "extractive"


class Runtime:
    """A running Sidecar as its API and commands see it."""

    def __init__(
        self,
        *,
        config: Config,
        token: str | None,
        vaults: Mapping[str, OpenVault],
        models: ModelRegistry,
        upstream: Upstream | None,
        notices: tuple[str, ...],
        stored_responses: StoredResponses,
        rerank: RerankModel | None = None,
    ) -> None:
        self.version = __version__
        self.config = config
        self.token = token
        self.vaults = MappingProxyType(dict(vaults))
        self.max_body = config.max_body
        self.allowed_origins = frozenset(config.allowed_origins)
        self.notices = notices
        """What the user should know, such as that search runs on words alone."""
        self.stored_responses = stored_responses
        self.response_runs = ResponseRuns()
        self._models = models
        self._rerank = rerank
        self._upstream = upstream
        self._started = time.time()
        self._port = config.port
        self.stores = Stores(self.vaults)

    def listening_on(self, port: int) -> None:
        """Tell the port that was bound, which decides the `Host` values under which clients may call."""
        self._port = port

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The `Host` values, `name:port`, under which clients may call."""
        names = {"127.0.0.1", "localhost", "[::1]"}
        if self.config.allow_remote:
            names.add(self.config.host)
        return frozenset({f"{name}:{self._port}" for name in names} | set(self.config.allowed_hosts))

    def start(self) -> None:
        """Begin to index and watch every vault."""
        for vault in self.vaults.values():
            vault.start()

    def model_entries(self) -> tuple[ModelEntry, ...]:
        """The models that can be asked for. Instant."""
        return self._models.entries()

    async def refresh_models(self) -> None:
        """Ask the upstream server which models it has. What it answers is kept for the listing."""
        if self._upstream is not None:
            await self._upstream.models()

    def chat_target(self, model_id: str) -> ChatTarget:
        """What a chat model id means. Raises ModelNotFoundError."""
        return self._models.chat_target(model_id)

    def embedding_model(self, model_id: str) -> EmbeddingModel:
        """The embedding model behind an id. Raises ModelNotFoundError or ModelUnavailableError."""
        return self._models.embedding_model(model_id)

    @property
    def rerank_model(self) -> RerankModel | None:
        """The reranking model; `None` when none is configured, or the one that is cannot rank."""
        return self._rerank

    def answer(self, target: ChatTarget, request: ChatRequest) -> AsyncGenerator[AnswerDelta, None]:
        """Answer a conversation, as `sidecar.chat.answer`."""
        return answer(request, model=target.model, notes=target.vault)

    def vault(self, name: str | None) -> OpenVault:
        """A vault by name, the default one for `None`. Raises RequestError."""
        if name is None and self.vaults:
            return next(iter(self.vaults.values()))
        if name is None or name not in self.vaults:
            raise RequestError(
                f"There is no vault {name!r}." if name else "No vault is open.",
                param="vault",
                code="vault_not_found",
                hint=f"Vaults: {', '.join(self.vaults) or 'none'}.",
            )
        return self.vaults[name]

    async def status(self, *, lists: Container[str] = ()) -> Mapping[str, Any]:
        """The JSON of `GET /vault/status`; `lists` (`LEDGER_LISTS`) names the files as well."""
        begun = time.perf_counter()
        vaults = [await vault.status(lists=lists) for vault in self.vaults.values()]
        return {
            "ready": all(vault["ready"] for vault in vaults),
            "version": self.version,
            "vaults": vaults,
            "models": self._known_models(),
            "notices": self.notices,
            "offline_lock": "none",
            "took_ms": round((time.perf_counter() - begun) * 1000, 1),
        }

    def _known_models(self) -> list[dict[str, str]]:
        """Those that can be asked for, and the reranking model, which serves the search alone."""
        models: list[dict[str, str]] = [{"id": entry.id, "kind": entry.kind} for entry in self.model_entries()]
        return models if self._rerank is None else [*models, {"id": self._rerank.name, "kind": "rerank"}]

    def readiness(self) -> Mapping[str, Any]:
        """The JSON of `GET /readyz`."""
        return {
            "ready": all(vault.indexer.progress.ready for vault in self.vaults.values()),
            "version": self.version,
            "uptime_seconds": round(time.time() - self._started),
        }


@asynccontextmanager
async def open_runtime(config: Config, *, rebuild: bool = False) -> AsyncIterator[Runtime]:
    """Build everything the configuration names; close it all at the end. Indexing begins with `Runtime.start`.

    Raises AlreadyRunningError, ConfigError, VaultError, IndexUnavailableError, ModelUnavailableError.
    """
    datafolder.refuse_inside(config.data_dir, config.vaults)
    datafolder.prepare(config.data_dir)
    async with AsyncExitStack() as stack:
        lock = datafolder.acquire(config)
        stack.callback(lock.release)
        upstream = None
        if config.upstream is not None:
            upstream = Upstream(config.upstream, api_key=config.upstream_key)
            stack.push_async_callback(upstream.aclose)
        notices: list[str] = []
        embedding = _embedding(config, config.embedding_model, upstream, notices)
        if embedding is not None:
            stack.push_async_callback(embedding.aclose)
        chat, default_chat = await _chat_models(config, upstream, notices)
        for model in chat.values():
            stack.push_async_callback(model.aclose)
        rerank = await _rerank(config, notices)
        if rerank is not None:
            stack.push_async_callback(rerank.aclose)
        vaults: dict[str, OpenVault] = {}
        for path in dict.fromkeys(path.resolve() for path in config.vaults):
            name = _free_name(path, vaults)
            vaults[name] = await open_vault(
                path,
                name=name,
                data_dir=config.data_dir,
                embedding=embedding,
                embedding_name=config.embedding_model if embedding is not None else "none",
                reopen_embedding=lambda old: _embedding(config, old, upstream, []),
                exclude=config.exclude,
                kind=config.kind_of(path),
                include_templates=config.include_templates,
                rebuild=rebuild,
                rerank=rerank,
            )
            stack.push_async_callback(vaults[name].aclose)
        models = ModelRegistry(
            chat=chat,
            default_chat=default_chat,
            embedding=embedding,
            no_embedding=notices[0] if notices else "It is switched off by `--embedding-model none`.",
            vaults=vaults,
            upstream=upstream,
            aliases=config.aliases,
            created=int(time.time()),
        )
        token = datafolder.ensure_token(config) if config.auth else None
        stored_responses = StoredResponses(config.data_dir / FILE)
        stack.push_async_callback(stored_responses.aclose)
        await stored_responses.tidy()
        runtime = Runtime(
            config=config,
            token=token,
            vaults=vaults,
            models=models,
            upstream=upstream,
            notices=tuple(notices),
            stored_responses=stored_responses,
            rerank=rerank,
        )
        # What is in the making ends before what it is made with.
        stack.push_async_callback(runtime.response_runs.aclose)
        yield runtime


def _embedding(config: Config, name: str, upstream: Upstream | None, notices: list[str]) -> EmbeddingModel | None:
    if name == "none":
        return None
    if name == "builtin":
        missing = static_available()
        if missing is None:
            return StaticEmbeddingModel()
        notices.append(f"Search runs on words alone: {missing}")
        return None
    if _is_file(name):
        return LlamaEmbeddingModel(_file(name), keep_alive=config.keep_alive, available_memory=_available_memory)
    if upstream is None:
        raise ConfigError(
            f"The embedding model {name!r} is neither built in nor a file.",
            hint="Use `builtin`, the path of a GGUF file, or name an upstream server with --upstream.",
        )
    return UpstreamEmbeddingModel(upstream, name)


async def _rerank(config: Config, notices: list[str]) -> RerankModel | None:
    if config.rerank_model is None:
        return None
    if not _is_file(config.rerank_model):
        raise ConfigError(
            f"The reranking model {config.rerank_model!r} is not a file.", hint="Give the path of a GGUF cross-encoder."
        )
    model = LlamaRerankModel(
        _file(config.rerank_model), keep_alive=config.keep_alive, available_memory=_available_memory
    )
    try:
        await model.check()
    except ModelUnavailableError as error:
        # Not fatal: search works without it.
        notices.append(f"Hits are not reranked: {error.message}{f' {error.hint}' if error.hint else ''}")
        return None
    return model


async def _chat_models(
    config: Config, upstream: Upstream | None, notices: list[str]
) -> tuple[dict[str, ChatModel], str]:
    """The chat models by id, and the id of the default one."""
    models: dict[str, ChatModel] = {EXTRACTIVE: ExtractiveModel()}
    default = EXTRACTIVE
    if config.model is not None and _is_file(config.model):
        llama = LlamaChatModel(
            _file(config.model),
            context_length=config.context_length,
            keep_alive=config.keep_alive,
            available_memory=_available_memory,
        )
        models[llama.name] = llama
        default = llama.name
        try:
            await llama.describe()
        except ModelUnavailableError as error:
            # Not fatal: search works, and the file may be put in its place while the server runs.
            notices.append(f"The model cannot be used: {error.message}")
    elif config.model is not None and config.model != EXTRACTIVE:
        if upstream is None:
            raise ConfigError(
                f"The model {config.model!r} is not a file.",
                hint="Give the path of a GGUF file, or name the server that has the model with --upstream.",
            )
        models[config.model] = UpstreamChatModel(upstream, config.model)
        default = config.model
    elif upstream is not None and config.model is None:
        chosen = await _first_chat_model(upstream, notices)
        if chosen is not None:
            models[chosen] = UpstreamChatModel(upstream, chosen)
            default = chosen
    return models, default


async def _first_chat_model(upstream: Upstream, notices: list[str]) -> str | None:
    try:
        found = await upstream.models()
    except SidecarError as error:
        notices.append(f"The upstream server did not answer, so answers are quotations: {error.message}")
        return None
    chat = [model.id for model in found if model.kind != "embedding"]
    if not chat:
        notices.append("The upstream server has no chat model, so answers are quotations.")
        return None
    return chat[0]


def _is_file(name: str) -> bool:
    return name.lower().endswith(".gguf") or _file(name).is_file()


def _file(name: str) -> Path:
    return Path(name).expanduser().absolute()


def _free_name(path: Path, taken: Mapping[str, OpenVault]) -> str:
    """The folder's or archive's name, as Obsidian names vaults; numbered when two vaults share it."""
    own = (path.stem if path.suffix.lower() == ".zip" else path.name) or "vault"
    name, number = own, 2
    while name in taken:
        name = f"{own} {number}"
        number += 1
    return name


def _available_memory() -> int:
    return int(psutil.virtual_memory().available)
