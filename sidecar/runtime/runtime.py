"""The runtime: every object of a running Sidecar, built from the configuration and closed in one place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Container, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from sidecar import __version__
from sidecar.chat import AnswerDelta, ChatRequest, answer
from sidecar.config import Config
from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import RequestError
from sidecar.rerank.model import RerankModel
from sidecar.runtime import datafolder
from sidecar.runtime.model_choice import (
    ask_for_namesakes,
    choose_chat,
    choose_embedding,
    choose_rerank,
    upstream_chat,
)
from sidecar.runtime.model_files import ModelFiles
from sidecar.runtime.models import ChatTarget, ModelEntry, ModelRegistry
from sidecar.runtime.opening import free_name, open_vault
from sidecar.runtime.response_runs import ResponseRuns
from sidecar.runtime.stored_responses import FILE, StoredResponses
from sidecar.runtime.stores import Stores
from sidecar.runtime.upstreams import Upstreams, clashes, open_upstreams
from sidecar.runtime.vaults import OpenVault

log = logging.getLogger(__name__)


class Runtime:
    """A running Sidecar as its API and commands see it."""

    def __init__(
        self,
        *,
        config: Config,
        token: str | None,
        vaults: Mapping[str, OpenVault],
        models: ModelRegistry,
        upstreams: Upstreams,
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
        self.offline_lock = "none"
        """What keeps this process from reaching other machines: `audit-hook`, `audit-hook+landlock` or `none`."""
        self.stored_responses = stored_responses
        self.response_runs = ResponseRuns()
        self._models = models
        self._rerank = rerank
        self._upstreams = upstreams
        self._started = time.time()
        self._port = config.port
        self.stores = Stores(self.vaults)

    def listening_on(self, port: int) -> None:
        """Tell the port that was bound, which decides the `Host` values under which clients may call."""
        self._port = port

    @property
    def port(self) -> int:
        """The port that the server listens on; the configured one until `listening_on` told."""
        return self._port

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
        """Ask the upstream servers which models they have. What they answer is kept for the listing."""
        await self._upstreams.refresh()

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
        request = replace(
            request,
            tool_calls_from_notes=self.config.tool_calls_from_notes,
            citations=request.citations or self.config.citations,
        )
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
            "upstreams": self._upstreams.status(),
            "notices": self.notices,
            "offline_lock": self.offline_lock,
            "took_ms": round((time.perf_counter() - begun) * 1000, 1),
        }

    def _known_models(self) -> list[dict[str, Any]]:
        """Those that can be asked for, and the reranking model, which serves the search alone. Of a chat model that is
        a file: whether it is loaded, and how fast it wrote lately.
        """
        models: list[dict[str, Any]] = [{"id": entry.id, "kind": entry.kind} for entry in self.model_entries()]
        files = self._models.files()
        for model in models:
            if (file := files.get(model["id"])) is not None:
                model |= {"loaded": file.process.running, "tokens_per_second": file.process.tokens_per_second}
        return models if self._rerank is None else [*models, {"id": self._rerank.name, "kind": "rerank"}]

    def readiness(self) -> Mapping[str, Any]:
        """The JSON of `GET /readyz`."""
        return {
            "ready": all(vault.indexer.progress.ready for vault in self.vaults.values()),
            "version": self.version,
            "uptime_seconds": round(time.time() - self._started),
            "offline_lock": self.offline_lock,
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
        upstreams = open_upstreams(config)
        stack.push_async_callback(upstreams.aclose)
        notices: list[str] = []
        files = ModelFiles(config)
        await ask_for_namesakes(config, files, upstreams)
        embedding = choose_embedding(config, config.embedding_model, files, upstreams, notices)
        if embedding is not None:
            stack.push_async_callback(embedding.aclose)
        no_embedding = notices[0] if notices else "It is switched off by `--embedding-model none`."
        chat = await choose_chat(config, files, upstreams, notices)
        for model in chat.by_id.values():
            stack.push_async_callback(model.aclose)
        rerank = await choose_rerank(config, files, notices)
        if rerank is not None:
            stack.push_async_callback(rerank.aclose)
        vaults: dict[str, OpenVault] = {}
        for path in dict.fromkeys(path.resolve() for path in config.vaults):
            name = free_name(path, vaults)
            vaults[name] = await open_vault(
                path,
                name=name,
                data_dir=config.data_dir,
                embedding=embedding,
                embedding_name=config.embedding_model if embedding is not None else "none",
                reopen_embedding=lambda old: choose_embedding(config, old, files, upstreams, []),
                exclude=config.exclude,
                local_only=config.local_only,
                kind=config.kind_of(path),
                include_templates=config.include_templates,
                rebuild=rebuild,
                rerank=rerank,
            )
            stack.push_async_callback(vaults[name].aclose)
        models = ModelRegistry(
            chat=chat.by_id,
            default_chat=chat.default,
            embedding=embedding,
            no_embedding=no_embedding,
            vaults=vaults,
            upstream=upstreams.default,
            upstreams=upstreams.named,
            open_upstream=partial(upstream_chat, config),
            aliases=config.aliases,
            created=int(time.time()),
        )
        notices += clashes(upstreams, vaults)
        token = datafolder.ensure_token(config) if config.auth else None
        stored_responses = StoredResponses(config.data_dir / FILE)
        stack.push_async_callback(stored_responses.aclose)
        await stored_responses.tidy()
        runtime = Runtime(
            config=config,
            token=token,
            vaults=vaults,
            models=models,
            upstreams=upstreams,
            notices=tuple(notices),
            stored_responses=stored_responses,
            rerank=rerank,
        )
        asking = asyncio.create_task(upstreams.keep_fresh())
        stack.push_async_callback(_cancelled, asking)
        # What is in the making ends before what it is made with.
        stack.push_async_callback(runtime.response_runs.aclose)
        yield runtime


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
