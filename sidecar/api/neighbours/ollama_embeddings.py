"""Ollama's `POST /api/embed` and the older `POST /api/embeddings`."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.neighbours.names import embedding_model
from sidecar.api.neighbours.stopwatch import Stopwatch
from sidecar.api.openai.embeddings import shortened
from sidecar.api.responses import json_response
from sidecar.protocol.fields import read_body
from sidecar.protocol.ollama import EmbedBody, OllamaEmbeddingsBody
from sidecar.protocol.ollama_answers import embed_answer
from sidecar.runtime.runtime import Runtime


async def embed(runtime: Runtime, request: Request) -> ASGIApp:
    """Embed one text or many. As in Ollama, `dimensions` beyond the model's own change nothing."""
    watch = Stopwatch()
    body = read_body(EmbedBody, parse_json(await request.body()))
    model = embedding_model(runtime, body.model)
    rows: list[list[float]] = []
    tokens = 0
    if body.input:
        embeddings = await model.embed(body.input, kind="plain")
        vectors, tokens = embeddings.vectors, sum(embeddings.token_counts)
        if body.dimensions is not None and body.dimensions > 0:
            vectors = shortened(vectors, body.dimensions)
        # As in OpenAI's API: off the event loop, because many vectors are megabytes of digits.
        rows = await asyncio.to_thread(vectors.tolist)
    total, _, _ = watch.durations()
    answer = embed_answer(model=body.model, embeddings=rows, total_duration=total, prompt_tokens=tokens)
    return await asyncio.to_thread(json_response, answer)


async def embeddings(runtime: Runtime, request: Request) -> ASGIApp:
    """Embed one text."""
    body = read_body(OllamaEmbeddingsBody, parse_json(await request.body()))
    model = embedding_model(runtime, body.model)
    vector: list[float] = []
    if body.prompt:
        vector = (await model.embed([body.prompt], kind="plain")).vectors[0].tolist()
    return json_response({"embedding": vector})
