"""`POST /v1/embeddings`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.responses import json_response
from sidecar.embedding.model import Vectors
from sidecar.embedding.token_ids import text_of_tokens
from sidecar.errors import RequestError
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_embeddings import EmbeddingsBody, base64_vector, embedding_entry, embeddings_list
from sidecar.runtime.runtime import Runtime


async def create(runtime: Runtime, request: Request) -> ASGIApp:
    """Embed one text or many, as plain text: OpenAI's API does not say whether it is a query or a passage."""
    body = read_body(EmbeddingsBody, parse_json(await request.body()))
    model = runtime.embedding_model(body.model)
    if body.dimensions is not None:
        _check_dimensions(body.dimensions, available=await model.dimensions())
    embeddings = await model.embed(await asyncio.to_thread(_texts, body.input), kind="plain")
    vectors = embeddings.vectors if body.dimensions is None else shortened(embeddings.vectors, body.dimensions)
    # Ten megabytes of digits at worst; off the event loop, other answers go on between Python's thread switches.
    data = await asyncio.to_thread(_entries, vectors, encoding=body.encoding_format)
    answer = embeddings_list(model=body.model, data=data, prompt_tokens=max(1, sum(embeddings.token_counts)))
    return await asyncio.to_thread(json_response, answer)


def _texts(inputs: Sequence[str | Sequence[int]]) -> list[str]:
    texts = [each if isinstance(each, str) else text_of_tokens(each) for each in inputs]
    if not all(texts):
        raise RequestError("'input' holds token ids that stand for no text.", param="input", code="invalid_value")
    return texts


def _check_dimensions(wanted: int, *, available: int) -> None:
    if wanted > available:
        raise RequestError(
            f"'dimensions' is {wanted}, but this model's vectors have {available}.",
            param="dimensions",
            code="invalid_value",
        )


def shortened(vectors: Vectors, dimensions: int) -> Vectors:
    """Cut vectors and bring them back to length 1; one that is all zero stays so."""
    cut = vectors[:, :dimensions]
    lengths = np.linalg.norm(cut, axis=1, keepdims=True)
    unit: Vectors = np.divide(cut, lengths, out=np.zeros_like(cut), where=lengths > 0)
    return unit


def _entries(vectors: Vectors, *, encoding: str) -> list[dict[str, Any]]:
    if encoding == "base64":
        rows = vectors.astype("<f4")
        return [embedding_entry(index=i, embedding=base64_vector(row.tobytes())) for i, row in enumerate(rows)]
    return [embedding_entry(index=index, embedding=row) for index, row in enumerate(vectors.tolist())]
