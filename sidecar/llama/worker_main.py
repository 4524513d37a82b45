"""The worker process: one model, one request at a time. Started by `session.py`.

Two threads. The main thread loads the model and does the work, in order of arrival. The reader thread takes frames: it
marks requests as cancelled, which the native code asks about between graph nodes, and counts tokens at once (tokenising
does not touch the context). When the parent closes the pipe the process ends on the spot, without running destructors:
the system frees memory faster, and llama.cpp's teardown is where several GPU drivers abort.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from sidecar.errors import ContextLengthError, ModelUnavailableError, RequestError
from sidecar.llama.choice import Event
from sidecar.llama.dialect import read_dialect
from sidecar.llama.frames import Header, decode_frame, encode_frame
from sidecar.llama.generation import Generation, Voice
from sidecar.llama.native import NativeModel, StoppedError
from sidecar.llama.options import read_options
from sidecar.llama.ranker import Ranker
from sidecar.llama.settings import LoadSettings
from sidecar.llama.template import ChatTemplate
from sidecar.worker import FrameChannel, serve_frames

_HEARTBEAT = 1.0
"""Seconds between signs of life while native code works."""
_CHARACTERS_PER_TOKEN = 64
"""More characters than this a token are cut before tokenising; no real text has that many."""


class LlamaWorker:
    """Everything that the process holds."""

    def __init__(self, channel: FrameChannel) -> None:
        self._channel = channel
        self._writing = threading.Lock()
        self._jobs: queue.SimpleQueue[Header] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._current: int | None = None
        self._last_frame = time.monotonic()
        self._model: NativeModel | None = None
        self._voice: Voice | None = None
        self._ranker: Ranker | None = None

    def run(self) -> None:
        """Work until the parent closes the pipe; never returns."""
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            self._do(self._jobs.get())

    def _read(self) -> None:
        for frame in self._channel:
            header, _ = decode_frame(frame)
            if header["op"] == "cancel":
                self._cancelled.add(int(header["id"]))
            elif header["op"] == "count" and self._model is not None:
                self._send({"event": "counted", "id": header["id"], "tokens": self._count(header["text"])})
            elif header["op"] in ("tokenize", "detokenize") and self._model is not None:
                self._send({**self._spelled(self._model, header), "id": header["id"]})
            else:
                self._jobs.put(header)
        sys.stderr.flush()
        os._exit(0)

    def _do(self, job: Header) -> None:
        self._current = job.get("id")
        try:
            if job["op"] == "load":
                self._load(job)
            elif job["op"] == "generate":
                self._generate(job)
            elif job["op"] == "embed":
                self._embed(job)
            elif job["op"] == "rank":
                self._rank(job)
        except ContextLengthError as error:
            self._error("context", {"needed": error.needed, "available": error.available})
        except RequestError as error:
            self._error("request", {"message": error.message, "param": error.param, "hint": error.hint})
        except StoppedError:
            self._send({"event": "end", "id": self._current, "cancelled": True})
        except ModelUnavailableError as error:
            self._error("unavailable", {"message": error.message})
        except Exception as error:  # the top of the process: the client is told, the model stays
            self._error("unavailable", {"message": f"The model process failed: {type(error).__name__}."})
        finally:
            done, self._current = self._current, None
            # A cancellation may come after its request was done; ids only grow, so older ones never come again.
            self._cancelled.difference_update(i for i in self._cancelled.copy() if done is not None and i <= done)

    def _load(self, job: Header) -> None:
        settings = LoadSettings.from_json(job["settings"])
        model = NativeModel(settings, tick=self._tick)
        if settings.mode == "chat":
            template = ChatTemplate(
                settings.chat_template,
                bos=model.bos_text(),
                eos=model.eos_text(),
                specials=model.special_texts(),
                now=datetime.now,
            )
            dialect = read_dialect(
                settings.chat_template,
                knows_tools=template.knows_tools,
                has_token=lambda text: model.token_of(text) is not None,
            )
            self._voice = Voice(model, template, dialect)
        elif settings.mode == "rerank":
            self._ranker = Ranker(model)
        self._model = model
        self._send({"event": "loaded", "id": job["id"], "dimensions": model.dimensions})

    def _generate(self, job: Header) -> None:
        assert self._model is not None
        assert self._voice is not None

        def emit(index: int, event: Event) -> None:
            self._send({"event": "delta", "id": job["id"], "index": index, "text": "", "finish_reason": None, **event})

        generation = Generation(self._model, self._voice, read_options(job["options"]), emit=emit)
        cancelled = False
        try:
            generation.run(job["messages"])
        except StoppedError:
            cancelled = True
        progress = generation.progress
        self._send(
            {
                "event": "end",
                "id": job["id"],
                "cancelled": cancelled,
                "prompt_tokens": progress.prompt_tokens,
                "cached_tokens": progress.cached_tokens,
                "evaluated_tokens": progress.evaluated_tokens,
                "generated_tokens": progress.generated_tokens,
                "reasoning_tokens": progress.reasoning_tokens,
            }
        )

    def _embed(self, job: Header) -> None:
        model = self._model
        assert model is not None
        limit = model.settings.context_length
        sequences = [model.tokenize_whole(text[: limit * _CHARACTERS_PER_TOKEN], limit=limit) for text in job["texts"]]
        vectors = np.zeros((len(sequences), model.dimensions), dtype=np.float32)
        known = [row for row, tokens in enumerate(sequences) if tokens]
        if known:
            vectors[known] = model.embed([sequences[row] for row in known])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        if not np.isfinite(vectors).all():
            raise ModelUnavailableError("The model computed values that are not numbers; its file is damaged.")
        counts = [len(tokens) for tokens in sequences]
        self._send(
            {"event": "vectors", "id": job["id"], "dimensions": model.dimensions, "token_counts": counts},
            vectors.astype("<f4").tobytes(),
        )

    def _rank(self, job: Header) -> None:
        assert self._ranker is not None
        scores = self._ranker.scores(job["query"], job["texts"])
        self._send({"event": "scores", "id": job["id"]}, scores.astype("<f4").tobytes())

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

    def _tick(self) -> bool:
        if time.monotonic() - self._last_frame > _HEARTBEAT:
            self._send({"event": "working", "id": self._current})
        return self._current in self._cancelled

    def _error(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._send({"event": "error", "id": self._current, "kind": kind, **fields})

    def _send(self, header: Header, payload: bytes = b"") -> None:
        with self._writing:
            self._channel.write(encode_frame(header, payload))
            self._last_frame = time.monotonic()


def main(channel: FrameChannel) -> None:
    LlamaWorker(channel).run()


if __name__ == "__main__":
    serve_frames(main)
