"""One running worker process with a loaded model, spoken to by several tasks at once.

One task (the pump) reads all frames and lays each in the inbox of its request. A request that is given up takes its
inbox away and tells the worker in the background: nothing is awaited on the way out, because a task cancelled through
anyio is cancelled again at every await. Missing on purpose: order, restarts and idling, which are the client's
(`process.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias, TypeVar

from sidecar.errors import (
    ContextLengthError,
    ModelUnavailableError,
    RequestError,
    SidecarError,
    WorkerCrashedError,
    WorkerError,
)
from sidecar.llama.frames import Header, decode_reply, encode_frame
from sidecar.llama.settings import LoadSettings
from sidecar.own_files import child_command
from sidecar.worker import Worker

_RUN = "import runpy; runpy.run_module('sidecar.llama.worker_main', run_name='__main__')"
_LONG_ENOUGH = 16
"""Tokens."""
_CRASH_HINT = "It is started again with the next request."
_KILLED_HINT = "If you did not end it, memory ran out: use a smaller model or a shorter context."
_SIGKILL = 9
_LEAVING = 0.5
"""Seconds. A worker leaves as soon as its input closes; it has nothing to save."""

_T = TypeVar("_T")
Reply: TypeAlias = tuple[Header, bytes]
_Inbox: TypeAlias = "asyncio.Queue[Reply | SidecarError]"


@dataclass(slots=True)
class Counters:
    """What workers have reported so far, over all restarts."""

    cancelled: int = 0
    """Requests that a worker gave up because it was told to."""
    generated_tokens: int = 0
    evaluated_tokens: int = 0
    """Prompt tokens really computed, cached ones left out."""
    tokens_per_second: float | None = None
    """How fast one answer was written lately; `None` before one long enough to tell."""

    def note_speed(self, tokens: int, seconds: float) -> None:
        """An answer of so many tokens was written in so long, the first token not counted."""
        if tokens < _LONG_ENOUGH or seconds <= 0:
            return
        speed = (tokens - 1) / seconds
        self.tokens_per_second = speed if self.tokens_per_second is None else 0.7 * self.tokens_per_second + 0.3 * speed


class Session:
    """A worker process with its pump. Use `start`; `stop` must be awaited."""

    def __init__(self, worker: Worker, counters: Counters) -> None:
        self._worker = worker
        self._counters = counters
        self._inboxes: dict[int, _Inbox] = {}
        self._ids = count(1)
        self._sending = asyncio.Lock()
        self._farewells: set[asyncio.Task[None]] = set()
        self._death: SidecarError | None = None
        self.dimensions = 0
        """Length of the model's vectors; known once it is loaded."""
        self._pump_task = asyncio.create_task(self._pump())

    @classmethod
    async def start(cls, settings: LoadSettings, *, counters: Counters, deadline: float) -> Session:
        """Start a process and load the model; `deadline` in seconds without a sign of life.

        Raises ModelUnavailableError when the model cannot be loaded or the process dies of it.
        """
        try:
            worker = await Worker.start(child_command(_RUN), name="model")
        except WorkerError as error:
            raise ModelUnavailableError(error.message, hint=error.hint) from error
        session = cls(worker, counters)
        try:
            async for header, _ in session.ask({"op": "load", "settings": settings.as_json()}, deadline=deadline):
                session.dimensions = int(header["dimensions"])
        except BaseException:
            worker.kill()
            await session.stop()
            raise
        return session

    @property
    def alive(self) -> bool:
        return self._death is None and self._worker.alive

    @property
    def pid(self) -> int:
        return self._worker.pid

    async def ask(self, request: Header, *, deadline: float) -> AsyncGenerator[Reply]:
        """Send a request and give out its replies, the last one included; closing it cancels the request.

        `deadline` is the time in seconds that the worker may be silent. Raises ContextLengthError and RequestError as
        the worker does, and ModelUnavailableError when it fails, dies or is silent for too long.
        """
        number = next(self._ids)
        inbox: _Inbox = asyncio.Queue()
        self._inboxes[number] = inbox
        finished = False
        try:
            await self._within(deadline, self._send({**request, "id": number}))
            while not finished:
                reply = await self._within(deadline, inbox.get())
                if isinstance(reply, SidecarError):
                    raise reply
                event = reply[0]["event"]
                finished = event in {"loaded", "end", "vectors", "scores", "counted", "tokens", "text", "error"}
                if event == "error":
                    raise _error_of(reply[0])
                if event != "working":
                    yield reply
        finally:
            del self._inboxes[number]
            if not finished and self.alive:
                self._farewell(number)

    async def stop(self) -> None:
        """End the process. Idempotent."""
        self._die(ModelUnavailableError("The model was unloaded.", retry_after=1.0))
        for task in (self._pump_task, *self._farewells):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._worker.stop(grace=_LEAVING)

    def kill(self) -> None:
        self._worker.kill()

    def _farewell(self, number: int) -> None:
        task = asyncio.create_task(self._send_quietly({"op": "cancel", "id": number}))
        self._farewells.add(task)
        task.add_done_callback(self._farewells.discard)

    async def _send_quietly(self, header: Header) -> None:
        with suppress(SidecarError):
            await self._send(header)

    async def _send(self, header: Header) -> None:
        async with self._sending:
            if self._death is not None:
                raise self._death
            try:
                await self._worker.send(encode_frame(header))
            except WorkerError as error:
                self._die(_unavailable(error))
                raise _unavailable(error) from error

    async def _within(self, deadline: float, step: Awaitable[_T]) -> _T:
        """Wait for a step of a request; a worker that lets it wait for too long is stopped. A hung one does not even
        read: what is larger than the pipe's buffer would never be sent.
        """
        try:
            async with asyncio.timeout(deadline):
                return await step
        except TimeoutError:
            message = f"The model process did not answer within {deadline:g} s and was stopped."
            silent = ModelUnavailableError(message, hint=_CRASH_HINT, retry_after=1.0)
            self.kill()
            self._die(silent)
            raise silent from None

    async def _pump(self) -> None:
        try:
            while True:
                self._deliver(decode_reply(await self._worker.receive(timeout=None)))
        except WorkerError as error:
            self._die(_unavailable(error))
        except Exception:  # whatever it is that nonsense trips over
            self.kill()
            message = "The model process wrote garbage and was stopped."
            self._die(ModelUnavailableError(message, hint=_CRASH_HINT, retry_after=1.0))

    def _deliver(self, reply: Reply) -> None:
        header = reply[0]
        if header["event"] == "end":
            self._counters.cancelled += bool(header["cancelled"])
            self._counters.generated_tokens += int(header.get("generated_tokens", 0))
            self._counters.evaluated_tokens += int(header.get("evaluated_tokens", 0))
            self._counters.note_speed(int(header.get("written_tokens", 0)), float(header.get("writing_seconds", 0.0)))
        inboxes = self._inboxes.values() if header["event"] == "working" else self._inbox_of(header["id"])
        for inbox in inboxes:
            inbox.put_nowait(reply)

    def _inbox_of(self, number: int) -> Sequence[_Inbox]:
        # A request that was given up has none.
        return [self._inboxes[number]] if number in self._inboxes else []

    def _die(self, reason: SidecarError) -> None:
        if self._death is None:
            self._death = reason
            for inbox in self._inboxes.values():
                inbox.put_nowait(reason)


def _unavailable(error: WorkerError) -> ModelUnavailableError:
    # Linux ends the largest process so when memory runs out; nobody else does it unasked.
    killed = isinstance(error, WorkerCrashedError) and error.exit_code == -_SIGKILL
    hint = f"{_KILLED_HINT} {_CRASH_HINT}" if killed else _CRASH_HINT
    return ModelUnavailableError(error.message, hint=hint, retry_after=1.0)


def _error_of(header: Header) -> SidecarError:
    fields: dict[str, Any] = {key: header.get(key) for key in ("message", "param", "hint", "needed", "available")}
    if header["kind"] == "context":
        return ContextLengthError(needed=int(fields["needed"]), available=int(fields["available"]))
    if header["kind"] == "request":
        return RequestError(str(fields["message"]), param=fields["param"], hint=fields["hint"])
    return ModelUnavailableError(str(fields["message"]))
