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
from pathlib import Path
from typing import Any

from sidecar import __version__
from sidecar.chat import AnswerDelta, ChatRequest, answer
from sidecar.config import Config
from sidecar.embedding.llama import LlamaEmbeddingModel
from sidecar.embedding.model import EmbeddingModel
from sidecar.indexer.pacing import Pacing
from sidecar.logs.content import ContentLog
from sidecar.own_files import OwnFiles
from sidecar.rerank.llama import LlamaRerankModel
from sidecar.rerank.model import RerankModel
from sidecar.runtime import datafolder
from sidecar.runtime.configured import Vaults
from sidecar.runtime.folder_lock import acquire
from sidecar.runtime.following import Following
from sidecar.runtime.keeper import OnDamaged, OpenOne, VaultKeeper
from sidecar.runtime.key_ring import KeyRing
from sidecar.runtime.model_choice import (
    ask_for_namesakes,
    choose_chat,
    choose_embedding,
    choose_rerank,
    upstream_chat,
)
from sidecar.runtime.model_files import ModelFiles
from sidecar.runtime.models import ChatTarget, LocalModel, ModelEntry, ModelRegistry
from sidecar.runtime.opening import free_name, index_folder, open_vault
from sidecar.runtime.own_key import OwnKey
from sidecar.runtime.reach import host_names
from sidecar.runtime.recorded_model import RecordedModel
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
        vaults: Vaults,
        models: ModelRegistry,
        upstreams: Upstreams,
        notices: tuple[str, ...],
        stored_responses: StoredResponses,
        rerank: RerankModel | None = None,
    ) -> None:
        self.version = __version__
        self.config = config
        self._own_key = None if token is None else OwnKey(config.token_file, token)
        self.keys = KeyRing(config.data_dir)
        self.vaults = vaults
        """The open ones by name. Which these are may change whenever something is awaited."""
        self.max_body = config.max_body
        self.allowed_origins = frozenset(config.origins)
        self._notices = notices
        self.offline_lock = "none"
        """What keeps this process from reaching other machines: `audit-hook`, with `+landlock` and `+seccomp` where the
        system has them, or `none`.
        """
        self.content_log: ContentLog | None = None
        """Where prompts and answers are written, when the user asked for that."""
        self.stored_responses = stored_responses
        self.response_runs = ResponseRuns()
        self._models = models
        self._rerank = rerank
        self._upstreams = upstreams
        self._started = time.monotonic()
        self._port = config.port
        self.stores = Stores(self.vaults)

    def listening_on(self, port: int) -> None:
        """Tell the port that was bound, which decides the `Host` values under which clients may call."""
        self._port = port

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know, such as that search runs on words alone."""
        content = None if self.content_log is None else self.content_log.notice
        return self._notices if content is None else (*self._notices, content)

    @property
    def token(self) -> str | None:
        """The key that opens everything, the one of the token file by now; `None` when no key is asked for."""
        return None if self._own_key is None else self._own_key.value

    @property
    def port(self) -> int:
        """The port that the server listens on; the configured one until `listening_on` told."""
        return self._port

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The `Host` values, `name:port`, under which clients may call."""
        return host_names(self.config, self._port)

    def start(self) -> None:
        """Begin to index and watch every vault, and to wait for those that are away."""
        self.vaults.start()

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

    def local_models(self) -> list[LocalModel]:
        """The models of the settings that are files on this machine, with the processes that run them."""
        files = self._models.files().items()
        found = [LocalModel(name=name, kind="chat", process=model.process) for name, model in files]
        if isinstance(embedding := self._models.embedding, LlamaEmbeddingModel):
            found.append(LocalModel(name=embedding.name, kind="embedding", process=embedding.process))
        if isinstance(rerank := self._rerank, LlamaRerankModel):
            found.append(LocalModel(name=rerank.name, kind="rerank", process=rerank.process))
        return found

    def answer(self, target: ChatTarget, request: ChatRequest) -> AsyncGenerator[AnswerDelta, None]:
        """Answer a conversation, as `sidecar.chat.answer`."""
        request = replace(
            request,
            tool_calls_from_notes=self.config.tool_calls_from_notes,
            citations=request.citations or self.config.citations,
        )
        model = target.model if self.content_log is None else RecordedModel(target.model, log=self.content_log)
        return answer(request, model=model, notes=target.vault)

    def vault(self, name: str | None) -> OpenVault:
        """A vault by name, the first one that is open for `None`. Raises RequestError, and VaultError for one that
        cannot be opened now.
        """
        return self.vaults.named(name)

    @property
    def closed_vaults(self) -> list[str]:
        """What keeps vaults from being open: what whoever asks all of them should know."""
        return self.vaults.problems

    async def status(self, *, lists: Container[str] = ()) -> Mapping[str, Any]:
        """The JSON of `GET /vault/status`; `lists` (`LEDGER_LISTS`) names the files as well."""
        begun = time.perf_counter()
        vaults = await self.vaults.status(lists=lists)
        return {
            "ready": self.vaults.ready,
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
                model["problem"] = file.process.problem
        return models if self._rerank is None else [*models, {"id": self._rerank.name, "kind": "rerank"}]

    def readiness(self) -> Mapping[str, Any]:
        """The JSON of `GET /readyz`."""
        return {
            "ready": self.vaults.ready,
            "version": self.version,
            "uptime_seconds": round(time.monotonic() - self._started),
            "offline_lock": self.offline_lock,
        }


@asynccontextmanager
async def open_runtime(config: Config, *, rebuild: bool = False, patient: bool = False) -> AsyncIterator[Runtime]:
    """Build everything the configuration names; close it all at the end. Indexing begins with `Runtime.start`.

    A `patient` one goes without the vaults that cannot be opened, and opens them when they can be: see `Vaults.open`.
    Raises AlreadyRunningError, ConfigError, VaultError, IndexUnavailableError, ModelUnavailableError.
    """
    datafolder.refuse_inside(config.data_dir, config.vaults)
    datafolder.prepare(config.data_dir)
    async with AsyncExitStack() as stack:
        lock = acquire(config)
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

        stored_responses = StoredResponses(config.data_dir / FILE)
        stack.push_async_callback(stored_responses.aclose)
        following = Following(stored_responses)
        pacing = Pacing(config.on_battery)
        # Once: a vault that is opened again after an update is still read by this version.
        own_files = await asyncio.to_thread(OwnFiles)

        async def open_one(path: Path, name: str, on_damaged: OnDamaged) -> OpenVault:
            opened = await open_vault(
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
                pacing=pacing,
                rerank=rerank,
                even_away=patient,
                on_damaged=on_damaged,
                own_files=own_files,
            )
            following.follow(opened)
            return opened

        vaults = Vaults(_keepers(config, open_one))
        stack.push_async_callback(vaults.aclose)
        await vaults.open(patient=patient)
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
        notices += clashes(upstreams, vaults.names)
        token = datafolder.ensure_token(config) if config.auth else None
        await stored_responses.tidy()
        stack.push_async_callback(_cancelled, asyncio.create_task(following.run()))
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


def _keepers(config: Config, open_one: OpenOne) -> list[VaultKeeper]:
    keepers: dict[str, VaultKeeper] = {}
    for path in dict.fromkeys(path.resolve() for path in config.vaults):
        name = free_name(path, keepers)
        folder = index_folder(config.data_dir, path)
        keepers[name] = VaultKeeper(path, name=name, folder=folder, open_one=open_one, kind=config.kind_of(path))
    return list(keepers.values())


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
