"""The worker process: one model, and the requests that it answers. Started by `session.py`.

Two threads. The main thread loads the model and does the work: answers are written side by side (`batching.py`), texts
are embedded and ranked in order of arrival. The reader thread takes frames: it marks requests as cancelled, which the
native code asks about between graph nodes, and counts tokens at once (tokenising does not touch the context). When the
parent closes the pipe the process ends on the spot, without running destructors: the system frees memory faster, and
llama.cpp's teardown is where several GPU drivers abort.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sidecar.errors import ContextLengthError, ModelUnavailableError, RequestError, SidecarError
from sidecar.llama.batching import Run, Scheduler
from sidecar.llama.choice import Event
from sidecar.llama.client import Client, Progress
from sidecar.llama.decoding import ChatContext
from sidecar.llama.frames import Header, decode_frame, encode_frame
from sidecar.llama.generation import Generation
from sidecar.llama.lanes import Lanes
from sidecar.llama.native import NativeModel, StoppedError
from sidecar.llama.options import read_options
from sidecar.llama.outgoing import Outgoing
from sidecar.llama.pooled import PooledContext
from sidecar.llama.ranker import Ranker
from sidecar.llama.settings import LoadSettings, chat_sequences
from sidecar.llama.voice import open_voice
from sidecar.offline.lock import OutgoingLock
from sidecar.worker import FrameChannel, serve_frames

_HEARTBEAT = 1.0
"""Seconds between signs of life while native code works."""
_LOADING = 120.0
"""Seconds that native code may load without a word of its own: preparing a graphics processor takes long."""
_PREPARING = 0.1
"""Seconds after which answers under way go on before another prompt is prepared."""
_CHARACTERS_PER_TOKEN = 64
"""More characters than this a token are cut before tokenising; no real text has that many."""
_ALL = 0
"""The id of frames that concern every request."""


class LlamaWorker:
    """Everything that the process holds."""

    def __init__(self, channel: FrameChannel) -> None:
        self._channel = channel
        self._writing = threading.Lock()
        self._jobs: queue.SimpleQueue[Header] = queue.SimpleQueue()
        self._open: set[int] = set()
        """The requests that have not ended."""
        self._cancelled: set[int] = set()
        self._current: int | None = None
        self._last_sign = self._last_tick = time.monotonic()
        self._model: NativeModel | None = None
        self._chat: _Chat | None = None
        self._pooled: PooledContext | None = None
        self._ranker: Ranker | None = None

    def run(self) -> None:
        """Work until the parent closes the pipe; never returns."""
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            chat = self._chat
            if chat is None or not chat.scheduler.busy:
                self._do(self._jobs.get())
                continue
            until = time.monotonic() + _PREPARING
            while not self._jobs.empty() and time.monotonic() < until:
                self._do(self._jobs.get())
            chat.scheduler.step()
            self._live()

    def _read(self) -> None:
        for frame in self._channel:
            header, _ = decode_frame(frame)
            if header["op"] == "cancel":
                # It may come after its request was done.
                self._cancelled.update({header["id"]} & self._open)
            elif header["op"] == "count" and self._model is not None:
                self._send({"event": "counted", "id": header["id"], "tokens": self._count(header["text"])})
            elif header["op"] in ("tokenize", "detokenize") and self._model is not None:
                self._send({**self._spelled(self._model, header), "id": header["id"]})
            else:
                self._open.add(header["id"])
                self._jobs.put(header)
        sys.stderr.flush()
        os._exit(0)

    def _do(self, job: Header) -> None:
        self._current = job["id"]
        try:
            if job["op"] == "load":
                self._load(job)
            elif job["id"] in self._cancelled:
                raise StoppedError
            elif job["op"] == "generate":
                self._generate(job)
            elif job["op"] == "embed":
                self._embed(job)
            elif job["op"] == "rank":
                self._rank(job)
        except StoppedError:
            self._ended(job["id"], Progress(), cancelled=True, error=None)
        except SidecarError as error:
            self._error(job["id"], error)
        except Exception as error:  # the top of the process: the client is told, the model stays
            self._error(job["id"], ModelUnavailableError(f"The model process failed: {type(error).__name__}."))
        finally:
            self._current = None

    def _load(self, job: Header) -> None:
        loaded = threading.Event()
        threading.Thread(target=self._live_until, args=(loaded,), daemon=True).start()
        try:
            self._open_model(job)
        finally:
            loaded.set()

    def _open_model(self, job: Header) -> None:
        settings = LoadSettings.from_json(job["settings"])
        model = NativeModel(settings, tick=self._tick)
        if settings.mode == "chat":
            self._chat = _Chat(model)
        else:
            self._pooled = PooledContext(model)
        if settings.mode == "rerank":
            assert self._pooled is not None
            self._ranker = Ranker(model, self._pooled)
        self._model = model
        self._last(job["id"], {"event": "loaded", "dimensions": model.dimensions})

    def _generate(self, job: Header) -> None:
        chat, number = self._chat, job["id"]
        assert chat is not None

        def send(index: int, piece: Event) -> None:
            self._send({"event": "delta", "id": number, "index": index, "text": "", "finish_reason": None, **piece})

        outgoing = Outgoing(send, clock=time.monotonic)

        def ended(progress: Progress, cancelled: bool, error: SidecarError | None) -> None:  # noqa: FBT001  # as told
            outgoing.flush()
            self._ended(number, progress, cancelled=cancelled, error=error)

        def spread(runs: Sequence[Run]) -> None:
            for run in reversed(runs):
                chat.scheduler.add(run, first=True)

        # Told before it is prepared: should that end the process, it is this request that did.
        self._send({"event": "begun", "id": number})
        client = Client(
            begun=lambda: self._send({"event": "begun", "id": number}),
            event=outgoing.put,
            ended=ended,
            cancelled=lambda: number in self._cancelled,
            spread=spread,
        )
        generation = Generation(chat.model, chat.context, chat.voice, read_options(job["options"]), client=client)
        run = generation.begin(job["messages"])
        self._send({"event": "waiting", "id": number})
        chat.scheduler.add(run)

    def _ended(self, number: int, progress: Progress, *, cancelled: bool, error: SidecarError | None) -> None:
        if error is not None:
            self._error(number, error)
            return
        self._last(
            number,
            {
                "event": "end",
                "cancelled": cancelled,
                "prompt_tokens": progress.prompt_tokens,
                "cached_tokens": progress.cached_tokens,
                "evaluated_tokens": progress.evaluated_tokens,
                "generated_tokens": progress.generated_tokens,
                "reasoning_tokens": progress.reasoning_tokens,
                "written_tokens": progress.written_tokens,
                "writing_seconds": progress.writing_seconds,
            },
        )

    def _embed(self, job: Header) -> None:
        model, context = self._model, self._pooled
        assert model is not None
        assert context is not None
        limit = model.settings.context_length
        sequences = [model.tokenize_whole(text[: limit * _CHARACTERS_PER_TOKEN], limit=limit) for text in job["texts"]]
        vectors = np.zeros((len(sequences), model.dimensions), dtype=np.float32)
        known = [row for row, tokens in enumerate(sequences) if tokens]
        if known:
            vectors[known] = context.embed([sequences[row] for row in known])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        if not np.isfinite(vectors).all():
            raise ModelUnavailableError("The model computed values that are not numbers; its file is damaged.")
        counts = [len(tokens) for tokens in sequences]
        self._last(
            job["id"],
            {"event": "vectors", "dimensions": model.dimensions, "token_counts": counts},
            vectors.astype("<f4").tobytes(),
        )

    def _rank(self, job: Header) -> None:
        assert self._ranker is not None
        scores = self._ranker.scores(job["query"], job["texts"])
        self._last(job["id"], {"event": "scores"}, scores.astype("<f4").tobytes())

    def _count(self, text: str) -> int:
        assert self._model is not None
        return len(self._model.tokenize(text, special=False))

    def _spelled(self, model: NativeModel, job: Header) -> Header:
        """The tokens of a text, or the text of tokens. Tokens that the model does not have would end the process."""
        if job["op"] == "tokenize":
            tokens = model.tokenize(job["text"], special=job["parse_special"], around=job["add_special"])
            return {"event": "tokens", "tokens": tokens}
        if unknown := [token for token in job["tokens"] if not 0 <= token < model.vocabulary_size]:
            message = f"This model has {model.vocabulary_size} tokens; {unknown[0]} is none of them."
            return {"event": "error", "kind": "request", "message": message, "param": "tokens"}
        return {"event": "text", "text": model.detokenize(job["tokens"])}

    def _live_until(self, loaded: threading.Event) -> None:
        """Give signs of life for native code that gives none, as long as it may still be loading."""
        while not loaded.wait(_HEARTBEAT) and time.monotonic() - self._last_tick < _LOADING:
            self._live()

    def _tick(self) -> bool:
        """Called from native code: whether to break it off."""
        self._last_tick = time.monotonic()
        self._live()
        if self._current is not None:
            return self._current in self._cancelled
        return self._chat is not None and self._chat.scheduler.should_stop()

    def _live(self) -> None:
        # To all, whatever one of them is sent meanwhile: those that wait for their turn hear nothing else.
        if time.monotonic() - self._last_sign > _HEARTBEAT:
            self._last_sign = time.monotonic()
            self._send({"event": "working", "id": _ALL})

    def _error(self, number: int, error: SidecarError) -> None:
        self._last(number, {"event": "error", **_told(error)})

    def _last(self, number: int, header: Header, payload: bytes = b"") -> None:
        """Send the last frame of a request."""
        self._open.discard(number)
        self._cancelled.discard(number)
        self._send({**header, "id": number}, payload)

    def _send(self, header: Header, payload: bytes = b"") -> None:
        with self._writing:
            self._channel.write(encode_frame(header, payload))


class _Chat:
    """What a chat model is spoken through."""

    def __init__(self, model: NativeModel) -> None:
        settings = model.settings
        self.model = model
        self.voice = open_voice(model)
        shortens = not model.recurrent
        sequences = chat_sequences(settings.parallel, shortens=shortens)
        self.context = ChatContext(model, sequences=sequences)
        self.scheduler = Scheduler(
            self.context,
            Lanes(self.context, number=sequences, shortens=shortens),
            parallel=settings.parallel,
            batch=settings.batch,
        )


def _told(error: SidecarError) -> Mapping[str, Any]:
    """An error as the client is told of it."""
    if isinstance(error, ContextLengthError):
        return {"kind": "context", "needed": error.needed, "available": error.available}
    if isinstance(error, RequestError):
        return {"kind": "request", "message": error.message, "param": error.param, "hint": error.hint}
    return {"kind": "unavailable", "message": error.message}


def main(channel: FrameChannel) -> None:
    LlamaWorker(channel).run()


if __name__ == "__main__":
    OutgoingLock().install()
    serve_frames(main)
