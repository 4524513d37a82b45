"""The client of one model's worker process: starts it on demand, hands it requests, stops it when idle.

What runs here: the bound on requests under way (the worker orders them), the checks before a file is mapped, back-off
after crashes, and the idle clock. Closing a request is awaited by nobody: the worker is told in the background, and
stops between two graph nodes. When the process dies, requests whose turn had not come are asked again, once.
"""

from __future__ import annotations

import asyncio
import importlib.util
import math
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.errors import ModelUnavailableError, OverloadedError
from sidecar.hardware.llama_build import ask_llama_build
from sidecar.hardware.machine import Look, look
from sidecar.llama.back_off import BackOff
from sidecar.llama.classifier import rank_problem
from sidecar.llama.frames import Header
from sidecar.llama.gguf import GgufModel, Pooling, read_gguf
from sidecar.llama.options import read_options
from sidecar.llama.session import Counters, Session
from sidecar.llama.settings import LoadSettings, Mode
from sidecar.llama.tuning import Tuning, Wishes, tune

MAX_WAITING = 32
"""Requests that wait beside those being answered."""
DEADLINE = 25.0
"""Seconds of silence, while loading too. The worker gives a sign of life every second while native code gets on."""
_WANTED: Mapping[Mode, str] = {
    "chat": "Choose another GGUF file.",
    "embedding": "Choose another GGUF file.",
    "rerank": "Choose the GGUF file of a cross-encoder with rank pooling, such as bge-reranker-v2-m3.",
}


def _nothing(_process: LlamaProcess) -> int:
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """How a model is run. Times in seconds."""

    wishes: Wishes = field(default_factory=Wishes)
    keep_alive: float = 600.0
    """Idle time after which the process is stopped; `math.inf` keeps it."""
    look: Look = look
    """Measures the machine before a model is loaded."""
    reserved: Callable[[LlamaProcess], int] = _nothing
    """Bytes that are to be left for others, told to the process that is being loaded."""
    clock: Callable[[], float] = time.monotonic
    load_deadline: float = DEADLINE
    answer_deadline: float = DEADLINE


class LlamaProcess:
    """One model file in a worker process of its own. Safe to call from several tasks of one event loop."""

    def __init__(self, path: Path, *, mode: Mode, options: ProcessOptions) -> None:
        self._path = path
        self._mode = mode
        self._options = options
        self._counters = Counters()
        self._model: tuple[tuple[int, int], GgufModel] | None = None
        self._session: Session | None = None
        self._starting: asyncio.Task[Session] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._tuning: Tuning | None = None
        self._can_offload: bool | None = None
        """Whether llama.cpp was built for a graphics processor; `None` when there is none to use."""
        self._under_way = 0
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None
        self._back_off = BackOff(options.clock)
        self._closed = False

    @property
    def running(self) -> bool:
        """Whether a worker process holds the model now."""
        return self._session is not None and self._session.alive

    @property
    def starting(self) -> bool:
        """Whether a worker process is being started and its model loaded."""
        return self._starting is not None

    @property
    def tuning(self) -> Tuning | None:
        """How the model is run, or would be; `None` when nobody has asked yet."""
        return self._tuning

    @property
    def needed(self) -> int:
        """Bytes of available memory that others must leave to it: what loading it will take, as far as is known without
        reading anything, and of a loaded model what Linux counts as available.
        """
        if self._model is None:
            return 0
        if self.running:
            # 1 GB mapped and read over and over changed MemAvailable by nothing.
            return self._tuning.memory.mapped if self._tuning is not None and sys.platform == "linux" else 0
        return self._tuning.memory.in_ram if self._tuning is not None else self._model[1].file_size

    @property
    def problem(self) -> str | None:
        """Why the last worker process died or could not be started; `None` once it works again."""
        return self._back_off.reason

    @property
    def pid(self) -> int | None:
        return self._session.pid if self._session is not None else None

    @property
    def cancelled_count(self) -> int:
        """Requests that a worker has confirmed to have given up."""
        return self._counters.cancelled

    @property
    def generated_tokens(self) -> int:
        return self._counters.generated_tokens

    @property
    def tokens_per_second(self) -> float | None:
        """How fast one answer was written lately, as `Counters.tokens_per_second`."""
        return self._counters.tokens_per_second

    @property
    def evaluated_tokens(self) -> int:
        """Prompt tokens computed so far, those found in the cache left out."""
        return self._counters.evaluated_tokens

    async def describe(self) -> GgufModel:
        """What the file's header says; read again when the file has changed. Loads nothing.

        Raises ModelUnavailableError.
        """
        return await asyncio.to_thread(self._describe)

    async def context_length(self) -> int:
        """Tokens that a request may take (chat) or a text or pair is cut to. Raises ModelUnavailableError."""
        return self.context_length_of(await self.describe())

    async def generate(
        self, messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
    ) -> AsyncGenerator[Header]:
        """Give out the worker's `delta` events and at last its `end`; `messages` are plain.

        Raises before the first delta: RequestError, ContextLengthError, OverloadedError, ModelUnavailableError; after
        it: ModelUnavailableError.
        """
        read_options(options)
        request = {"op": "generate", "messages": list(messages), "options": _json_options(options)}
        async with aclosing(self._exchange(request)) as replies:
            async for header, _ in replies:
                yield header

    async def embed(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float32], tuple[int, ...]]:
        """Vectors of length 1, one row a text in order, and the tokens of each text after cutting.

        Raises OverloadedError and ModelUnavailableError.
        """
        async with aclosing(self._exchange({"op": "embed", "texts": list(texts)})) as replies:
            async for header, payload in replies:
                vectors = np.frombuffer(payload, dtype="<f4")
                if vectors.size == len(texts) * header["dimensions"]:
                    return vectors.reshape(len(texts), header["dimensions"]).astype(np.float32), tuple(
                        header["token_counts"]
                    )
        raise ModelUnavailableError("The model process gave no vectors.")

    async def rank(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query, in [0, 1], in order; what is too long is cut.

        Raises OverloadedError and ModelUnavailableError.
        """
        async with aclosing(self._exchange({"op": "rank", "query": query, "texts": list(texts)})) as replies:
            async for _, payload in replies:
                return [float(score) for score in np.frombuffer(payload, dtype="<f4")]
        raise ModelUnavailableError("The model process gave no scores.")

    async def load(self) -> int:
        """Load the model if it is not loaded; gives back the length of its vectors. Raises ModelUnavailableError."""
        with self._in_use():
            return (await self._ready()).dimensions

    async def count_tokens(self, text: str) -> int:
        """Count with the model's own tokenizer, loading it if need be; does not wait for answers under way.

        Raises ModelUnavailableError.
        """
        with self._in_use():
            async with aclosing(self._replies({"op": "count", "text": text})) as replies:
                async for header, _ in replies:
                    return int(header["tokens"])
        raise ModelUnavailableError("The model process gave no count.")

    async def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """The model's tokens of a text, as `count_tokens`; `add_special` adds those that every prompt begins or ends
        with, `parse_special` reads the texts of control tokens as these.
        """
        header = await self._told(
            {"op": "tokenize", "text": text, "add_special": add_special, "parse_special": parse_special}
        )
        return list(header["tokens"])

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens. Raises RequestError for a token that the model does not have; else as `count_tokens`."""
        return str((await self._told({"op": "detokenize", "tokens": list(tokens)}))["text"])

    async def _told(self, request: Header) -> Header:
        """The one reply to what needs no turn."""
        with self._in_use():
            async with aclosing(self._replies(request)) as replies:
                async for header, _ in replies:
                    return header
        raise ModelUnavailableError("The model process gave no answer.")

    async def aclose(self) -> None:
        """Stop the process; requests under way end with ModelUnavailableError. Idempotent."""
        self._closed = True
        if self._idle is not None:
            self._idle.cancel()
        if self._starting is not None:
            starting = self._starting
            starting.cancel()
            await asyncio.wait([starting])
        session, self._session = self._session, None
        if session is not None:
            await session.stop()
        if self._ending:
            await asyncio.wait(self._ending)

    # ── one request ──

    async def _exchange(self, request: Header) -> AsyncGenerator[tuple[Header, bytes]]:
        with self._in_use(), self._counted():
            async with aclosing(self._replies(request)) as replies:
                async for reply in replies:
                    if reply[0]["event"] in {"end", "vectors", "scores"}:
                        self._back_off.succeeded()
                    yield reply

    async def _replies(self, request: Header) -> AsyncGenerator[tuple[Header, bytes]]:
        """Ask the worker. When it dies before the request's turn has come, another one is asked, once. So it is when it
        dies over texts to embed or rank, of which nothing is told before all is: a hang is not waited for twice.
        """
        again = False
        while True:
            session = await self._ready()
            asked = asyncio.get_running_loop().time()
            begun = False
            try:
                async with aclosing(session.ask(request, deadline=self._options.answer_deadline)) as replies:
                    async for reply in replies:
                        begun = reply[0]["event"] != "waiting"
                        if reply[0]["event"] not in {"begun", "waiting"}:
                            yield reply
                return
            except ModelUnavailableError as error:
                if session.alive:
                    raise
                self._failed(session, error.message)
                after = asyncio.get_running_loop().time() - asked
                hung = self._mode != "chat" and after >= self._options.answer_deadline
                if begun or again or self._closed or hung:
                    raise
                again = True

    @contextmanager
    def _counted(self) -> Iterator[None]:
        parallel = self._tuning.parallel if self._tuning is not None and self._mode == "chat" else 1
        if self._under_way >= parallel + MAX_WAITING:
            waiting = self._under_way - parallel
            raise OverloadedError(f"{waiting} requests are waiting for this model already.", retry_after=5.0)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    # ── the process ──

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and not self._closed and math.isfinite(self._options.keep_alive):
                self._idle = asyncio.get_running_loop().call_later(self._options.keep_alive, self._retire)

    def _retire(self) -> None:
        """Let go of the session and end it in the background; a start waits until that is done."""
        session, self._session = self._session, None
        if session is not None:
            task = asyncio.create_task(session.stop())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _ready(self) -> Session:
        if self._closed:
            raise ModelUnavailableError("The model has been closed.")
        if self._session is not None and self._session.alive:
            return self._session
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            # Clients that left while the model was loading do not ask how it went; somebody has to.
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        starting = self._starting
        # Shielded: a client that leaves while the model loads does not spoil the loading for the next one.
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            if starting.cancelled() and not _being_cancelled():
                # Closed meanwhile: it is the loading that was cancelled, not who waits for it.
                raise ModelUnavailableError("The model has been closed.") from None
            raise

    async def _start(self) -> Session:
        try:
            self._session = await self._load()
            return self._session
        finally:
            self._starting = None

    async def _load(self) -> Session:
        self._back_off.refuse()
        self._retire()
        if self._ending:
            await asyncio.wait(self._ending)
        if importlib.util.find_spec("llama_cpp") is None:
            raise ModelUnavailableError(
                "llama-cpp-python is not installed.",
                hint="./scripts/serve installs it where a C compiler exists; or use --upstream.",
            )
        model = await self.describe()
        self.check_kind(model)
        self._tuning = self._tuned(model, self._options.wishes)
        try:
            return await Session.start(
                self._settings(model, self._tuning), counters=self._counters, deadline=self._options.load_deadline
            )
        except ModelUnavailableError as error:
            self._failed(None, error.message)
            raise

    def _describe(self) -> GgufModel:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = (0, 0)
        if self._model is None or self._model[0] != stamp:
            self._model, self._tuning = (stamp, read_gguf(self._path)), None
        if self._can_offload is None and self._options.look().gpus:
            build = ask_llama_build()
            self._can_offload = build is not None and build.can_offload
        return self._model[1]

    def context_length_of(self, model: GgufModel) -> int:
        """What a request may take: as the model was loaded, else as it would be on this machine."""
        if self._tuning is None:
            # Whether it fits now is found out when it is loaded.
            self._tuning = self._tuned(model, replace(self._options.wishes, force=True))
        return self._tuning.context_length

    def _tuned(self, model: GgufModel, wishes: Wishes) -> Tuning:
        return tune(
            model,
            mode=self._mode,
            machine=self._options.look(),
            wishes=wishes,
            can_offload=self._can_offload is not False,
            reserved=self._options.reserved(self),
        )

    def _settings(self, model: GgufModel, tuning: Tuning) -> LoadSettings:
        return LoadSettings(
            path=str(self._path),
            mode=self._mode,
            context_length=tuning.context_length,
            cells=tuning.cells,
            batch=tuning.batch,
            parallel=tuning.parallel,
            threads=tuning.threads,
            gpu_layers=tuning.gpu_layers,
            kv_type=tuning.kv_type,
            flash_attention=tuning.flash_attention,
            pooling={"chat": None, "embedding": effective_pooling(model), "rerank": "rank"}[self._mode],
            chat_template=model.rerank_template if self._mode == "rerank" else model.chat_template,
        )

    def check_kind(self, model: GgufModel) -> None:
        """Raise ModelUnavailableError, saying why, when the file is no model of the wanted kind."""
        if model.kind != self._mode:
            kinds = {"chat": "a chat model", "embedding": "an embedding model", "rerank": "a reranking model"}
            raise ModelUnavailableError(
                f"{self._path.name} is {kinds[model.kind]}; {kinds[self._mode]} is needed here.",
                hint=_WANTED[self._mode],
            )
        if self._mode == "rerank" and (problem := rank_problem(model)):
            raise ModelUnavailableError(f"{self._path.name} cannot rank: {problem}.", hint=_WANTED["rerank"])

    def _failed(self, session: Session | None, reason: str) -> None:
        # One death ends several requests, and counts once.
        if session is not None and session is not self._session:
            return
        self._retire()
        self._back_off.failed(reason)


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def effective_pooling(model: GgufModel) -> Pooling:
    """How an embedding model's vectors are pooled where its file does not say: encoders average, decoders end."""
    if model.pooling in {"mean", "cls", "last"}:
        return model.pooling
    return "last" if model.causal_attention else "mean"


def _json_options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}
