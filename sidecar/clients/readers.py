"""What clients make of an answer: each function assumes what its clients assume, and says briefly what it got."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar.clients.entry import Reads
from sidecar.clients.streams import (
    output_text,
    responses_stream,
    stream,
    stream_buffered,
    stream_by_read,
    stream_split,
)
from sidecar.clients.unreadable import UnreadableError, counted, said

_MOST_NUMBERS = 100_000


def read_answer(how: Reads, pieces: Sequence[bytes], *, model: str | None) -> str:
    """Read an answer as a client does and say what it was. `pieces` are the body as the network brought it.

    `model` is the one that a list has to hold. Raises UnreadableError.
    """
    try:
        return _READERS[how](pieces, model)
    except UnreadableError:
        raise
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"the answer is not what this client expects ({type(error).__name__})") from error


def _whole(pieces: Sequence[bytes]) -> Any:
    return json.loads(b"".join(pieces))


def _listed(names: Sequence[str], model: str | None) -> str:
    if not names:
        raise UnreadableError("the list of models is empty")
    if model is not None and model not in names:
        shown = ", ".join(names[:12])
        raise UnreadableError(
            f"the server has no model '{model}'",
            hint=f"It has: {shown}. Choose one with --model, or add one: `sidecar models recommend`.",
        )
    return counted(len(names), "model")


def _models(pieces: Sequence[bytes], model: str | None) -> str:
    return _listed([entry["id"] for entry in _whole(pieces)["data"]], model)


def _lm_models(pieces: Sequence[bytes], model: str | None) -> str:
    body = _whole(pieces)
    if body["object"] != "list":
        raise UnreadableError("the list of models is not LM Studio's")
    return _listed([entry["id"] for entry in body["data"] if entry["type"] == "embeddings"], model)


def _tags(pieces: Sequence[bytes], model: str | None) -> str:
    return _listed([entry["name"] for entry in _whole(pieces)["models"]], model)


def _shown(pieces: Sequence[bytes], _model: str | None) -> str:
    capabilities = _whole(pieces)["capabilities"]
    return f"can do {', '.join(map(str, capabilities))}"


def _chat(pieces: Sequence[bytes], _model: str | None) -> str:
    return said(_whole(pieces)["choices"][0]["message"]["content"])


def _clipper(pieces: Sequence[bytes], _model: str | None) -> str:
    choice = _whole(pieces)["choices"][0]
    if choice["finish_reason"] == "length":
        raise UnreadableError("the answer was cut at the model's limit, and this client throws such answers away")
    try:
        answers = json.loads(choice["message"]["content"])["prompts_responses"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError(
            "the model did not answer with the JSON that this client asks for",
            hint="Choose a model that follows instructions better: `sidecar models recommend`.",
        ) from error
    return f"JSON with {counted(len(answers), 'answer')}"


def _responses(pieces: Sequence[bytes], _model: str | None) -> str:
    return said(output_text(_whole(pieces)))


def _vectors(pieces: Sequence[bytes], _model: str | None) -> str:
    return _sized([entry["embedding"] for entry in _whole(pieces)["data"]])


def _vectors_base64(pieces: Sequence[bytes], _model: str | None) -> str:
    entries = [entry["embedding"] for entry in _whole(pieces)["data"]]
    try:
        packed = [base64.b64decode(entry, validate=True) for entry in entries]
    except (binascii.Error, TypeError) as error:
        raise UnreadableError("the vectors are not in base64, as asked") from error
    return _sized([memoryview(vector).cast("f").tolist() for vector in packed])


def _ollama_vectors(pieces: Sequence[bytes], _model: str | None) -> str:
    return _sized(_whole(pieces)["embeddings"])


def _ollama_chat(pieces: Sequence[bytes], _model: str | None) -> str:
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    if [line["done"] for line in lines].index(True) != len(lines) - 1:
        raise UnreadableError("the stream goes on after its end")
    return said("".join(line["message"]["content"] for line in lines))


def _sized(vectors: Sequence[Sequence[float]]) -> str:
    if not all(isinstance(vector, list) for vector in vectors):
        raise UnreadableError("the vectors are no numbers")
    lengths = {len(vector) for vector in vectors}
    if len(lengths) != 1 or not 1 < max(lengths) < _MOST_NUMBERS:
        raise UnreadableError("the vectors are empty or differ in length")
    return f"{counted(len(vectors), 'vector')} of {max(lengths)} numbers"


_READERS: Mapping[Reads, Callable[[Sequence[bytes], str | None], str]] = {
    "models": _models,
    "lm_models": _lm_models,
    "tags": _tags,
    "shown": _shown,
    "chat": _chat,
    "clipper": _clipper,
    "stream": stream,
    "stream_buffered": stream_buffered,
    "stream_by_read": stream_by_read,
    "stream_split": stream_split,
    "responses": _responses,
    "responses_stream": responses_stream,
    "vectors": _vectors,
    "vectors_base64": _vectors_base64,
    "ollama_vectors": _ollama_vectors,
    "ollama_chat": _ollama_chat,
}
