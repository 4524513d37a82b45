"""`POST /v1/rerank`: texts put in the order of how well they answer a query."""

from __future__ import annotations

import re
from functools import partial

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.errors import RefusedError
from sidecar.api.responses import json_response
from sidecar.errors import ModelNotFoundError
from sidecar.inference.tokens import estimate_tokens
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_rerank import RerankBody, rerank_list, rerank_result
from sidecar.rerank.model import RerankModel
from sidecar.runtime.runtime import Runtime

# Between two groups the searches of others get their turn with the model.
_AT_ONCE = 32
# Names that clients have built in mean the model that there is.
_BUILT_IN = re.compile(r"(?:rerank|jina-reranker|bge-reranker)", re.IGNORECASE)


def routes(runtime: Runtime) -> list[Route]:
    """Every path of this part of the API."""
    return [Route("/v1/rerank", partial(create, runtime), methods=["POST"])]


async def create(runtime: Runtime, request: Request) -> ASGIApp:
    """Score every document; best first."""
    body = read_body(RerankBody, parse_json(await request.body()))
    model = _model(runtime, body.model)
    scores: list[float] = []
    for start in range(0, len(body.documents), _AT_ONCE):
        scores += await model.scores(body.query, body.documents[start : start + _AT_ONCE])
    order = sorted(range(len(scores)), key=lambda index: -scores[index])[: body.top_n]
    results = [
        rerank_result(
            index=index, score=scores[index], document=body.documents[index] if body.return_documents else None
        )
        for index in order
    ]
    # Every document is read together with the query.
    tokens = estimate_tokens(body.query) * len(scores) + sum(map(estimate_tokens, body.documents))
    return json_response(rerank_list(model=model.name, results=results, tokens=tokens))


def _model(runtime: Runtime, wanted: str | None) -> RerankModel:
    model = runtime.rerank_model
    if model is None:
        raise RefusedError(
            "There is no reranking model.",
            status=404,
            code="model_not_found",
            hint="Start Sidecar with --rerank-model and the GGUF file of a cross-encoder, such as bge-reranker-v2-m3;"
            " `sidecar doctor` says what is wrong with one that is set.",
        )
    if wanted is not None and wanted != model.name and not _BUILT_IN.match(wanted):
        raise ModelNotFoundError(wanted, valid=(model.name,))
    return model
