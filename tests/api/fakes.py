"""A runtime without vault or model: it says what a test tells it to say, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Container, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from sidecar.chat import AnswerDelta, ChatRequest
from sidecar.citations import Annotation, CitedSource
from sidecar.config import Config
from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel, Embeddings, TextKind
from sidecar.errors import ModelNotFoundError, NoteMissingError, RequestError
from sidecar.inference.model import ChatModel, Usage
from sidecar.runtime.key_ring import KeyRing
from sidecar.runtime.models import ChatTarget, ModelEntry
from sidecar.runtime.response_runs import ResponseRuns
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.stored_responses import StoredResponses
from sidecar.runtime.stores import Stores
from sidecar.runtime.vaults import OpenVault

TOKEN = "sk-sidecar-0123456789abcdef0123456789abcdef"
URI = "obsidian://open?vault=Garden&file=Rivers"
SOURCE = CitedSource(
    path="Rivers.md",
    title="Rivers",
    heading_path=("Length",),
    start_line=3,
    end_line=4,
    quote="The Nile is long.",
    score=0.9,
    uri=URI,
    link="Rivers#Length",
)
TEXT = "The Nile, [[Rivers#Length]]."
CITED = (
    AnswerDelta(content="The Nile, "),
    AnswerDelta(
        content="[[Rivers#Length]].",
        annotations=(Annotation(url=URI, title="Rivers#Length", start_index=10, end_index=27),),
    ),
    AnswerDelta(
        finish_reason="stop", sources=(SOURCE,), usage=Usage(prompt_tokens=11, completion_tokens=5, cached_tokens=2)
    ),
)


class Script:
    """What the model does: deltas to give, errors to raise, events to wait for."""

    def __init__(self, *steps: AnswerDelta | Exception | asyncio.Event) -> None:
        self.steps = steps


class FakeEmbeddingModel:
    """Vectors of four numbers, (length of the text, 1, 0, 0) brought to length 1."""

    name = "builtin"
    fingerprint = "fake"
    on_this_machine = True

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], TextKind]] = []

    async def dimensions(self) -> int:
        return 4

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        self.asked.append((list(texts), kind))
        rows = np.array([[float(len(text)), 1.0, 0.0, 0.0] for text in texts], dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return Embeddings(vectors=rows, token_counts=tuple(len(text.split()) for text in texts))

    async def aclose(self) -> None:
        return None


class FakeChatModel:
    """The model behind every target. Of answering it knows nothing: the runtime does that."""

    name = "qwen:7b"

    async def context_length(self) -> int:
        return 8192

    async def count_tokens(self, text: str) -> int:
        return len(text.split())


class FakeVault:
    """A vault that finds one passage whatever is asked."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name = name
        self.path = Path(f"/vaults/{name}")
        self.searches: list[Mapping[str, Any]] = []
        self._calls = calls

    async def search(
        self, query: str, *, limit: int = 10, filters: Mapping[str, Any] | None = None, explain: bool = False
    ) -> list[Mapping[str, Any]]:
        self._calls.append("search")
        self.searches.append({"query": query, "limit": limit, "filters": filters, "explain": explain})
        return [{"path": "Rivers.md", "title": "Rivers", "heading_path": ("Length",), "score": 0.9}]

    async def related(self, path: str, *, limit: int = 10) -> list[Mapping[str, Any]]:
        self._calls.append("related")
        return [{"path": f"near {path}", "limit": limit}]

    async def why(self, path: str, query: str | None) -> Mapping[str, Any]:
        self._calls.append("why")
        return {"path": path, "query": query, "status": "indexed"}

    async def note(self, path: str) -> Mapping[str, Any]:
        self._calls.append("note")
        if path != "Folder/Rivers.md":
            raise NoteMissingError(f"There is no note '{path}'.")
        return {"path": path, "title": "Rivers"}

    async def sync(self, *, accept_removals: bool = False) -> Mapping[str, Any]:
        self._calls.append("sync")
        return {"name": self.name, "ready": True, "accept_removals": accept_removals}


class FakeRuntime:
    """Stands where the runtime stands. `calls` counts whatever reached a route."""

    version = "0.0.0"
    stored_responses: StoredResponses
    """Set by the tests that store any."""

    def __init__(
        self,
        *,
        port: int,
        token: str | None = TOKEN,
        origins: frozenset[str] = frozenset({"app://obsidian.md"}),
        keys_folder: Path | None = None,
    ) -> None:
        self.token = token
        self.config = Config(data_dir=keys_folder or Path("/nonexistent"))
        self.keys = KeyRing(self.config.data_dir)
        self.port = port
        self.allowed_hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"})
        self.allowed_origins = origins
        self.max_body = 64 * 1024
        self.calls: list[str] = []
        self.response_runs = ResponseRuns()
        self.requests: list[ChatRequest] = []
        self.targets: list[ChatTarget] = []
        self.scripts: list[Script] = []
        self.open_answers = 0
        self.closed_answers = 0
        self.changed = asyncio.Condition()
        self.embeddings = FakeEmbeddingModel()
        self.vaults = {name: cast("OpenVault", FakeVault(name, self.calls)) for name in ("Garden", "Work")}
        self.stores = Stores({})
        self.closed_vaults: list[str] = []
        self.ready = True

    @property
    def as_runtime(self) -> Runtime:
        return cast("Runtime", self)

    def vault_named(self, name: str) -> FakeVault:
        return cast("FakeVault", self.vaults[name])

    def model_entries(self) -> tuple[ModelEntry, ...]:
        self.calls.append("model_entries")
        return (
            ModelEntry(id="vault", kind="chat", owned_by="sidecar", context_length=8192, name="Vault", created=1),
            ModelEntry(
                id="Garden/qwen:7b", kind="chat", owned_by="sidecar", context_length=None, name="Qwen", created=1
            ),
            ModelEntry(id="builtin", kind="embedding", owned_by="sidecar", context_length=512, name="B", created=1),
        )

    def chat_target(self, model_id: str) -> ChatTarget:
        self.calls.append("chat_target")
        model = cast("ChatModel", FakeChatModel())
        if model_id == "vault" or model_id.startswith("gpt-"):
            return ChatTarget(id=model_id, model=model, vault=self.vaults["Garden"])
        if model_id == "plain":
            return ChatTarget(id="plain", model=model, vault=None)
        raise ModelNotFoundError(model_id, valid=("vault", "plain"))

    def embedding_model(self, model_id: str) -> EmbeddingModel:
        self.calls.append("embedding_model")
        if model_id not in {"builtin", "text-embedding-3-small"}:
            raise ModelNotFoundError(model_id, valid=("builtin",))
        return self.embeddings

    async def answer(self, target: ChatTarget, request: ChatRequest) -> AsyncGenerator[AnswerDelta, None]:
        self.calls.append("answer")
        self.targets.append(target)
        self.requests.append(request)
        script = self.scripts.pop(0) if self.scripts else Script(*CITED)
        await self._count(opened=1)
        try:
            for step in script.steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            await self._count(closed=1)

    def vault(self, name: str | None) -> OpenVault:
        if name is None:
            return self.vaults["Garden"]
        if name not in self.vaults:
            raise RequestError(f"There is no vault '{name}'.", param="vault")
        return self.vaults[name]

    async def status(self, *, lists: Container[str] = ()) -> Mapping[str, Any]:
        self.calls.append("status")
        return {"ready": True, "version": self.version, "vaults": []}

    def readiness(self) -> Mapping[str, Any]:
        self.calls.append("readiness")
        return {"ready": self.ready}

    async def wait_for(self, *, opened: int = 0, closed: int = 0) -> None:
        """Wait until so many answers have begun and ended; fails after five seconds."""
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: self.open_answers >= opened and self.closed_answers >= closed)

    async def _count(self, *, opened: int = 0, closed: int = 0) -> None:
        # Counted before anything is awaited: a cancelled answer still has to be counted as closed.
        self.open_answers += opened
        self.closed_answers += closed
        async with self.changed:
            self.changed.notify_all()
