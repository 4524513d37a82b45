"""`POST /tokenize` and `POST /detokenize`: a chat model's own tokens, to see what it reads."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.responses import json_response
from sidecar.errors import RequestError
from sidecar.inference.llama import LlamaChatModel
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_tokenize import DetokenizeBody, TokenizeBody, text_body, tokens_body
from sidecar.runtime.runtime import Runtime


def routes(runtime: Runtime) -> list[Route]:
    """Every path of this part of the API."""
    return [
        Route("/v1/tokenize", partial(tokenize, runtime), methods=["POST"]),
        Route("/v1/detokenize", partial(detokenize, runtime), methods=["POST"]),
    ]


async def tokenize(runtime: Runtime, request: Request) -> ASGIApp:
    """Give the tokens of a text."""
    body = read_body(TokenizeBody, parse_json(await request.body()))
    model = _model(runtime, body.model)
    tokens = await model.tokenize(body.content, add_special=body.add_special, parse_special=body.parse_special)
    return json_response(tokens_body(tokens, context_length=await model.context_length()))


async def detokenize(runtime: Runtime, request: Request) -> ASGIApp:
    """Give the text of tokens; control tokens are spelled out."""
    body = read_body(DetokenizeBody, parse_json(await request.body()))
    return json_response(text_body(await _model(runtime, body.model).detokenize(body.tokens)))


def _model(runtime: Runtime, wanted: str) -> LlamaChatModel:
    model = runtime.chat_target(wanted).model
    if isinstance(model, LlamaChatModel):
        return model
    what = "runs on another server" if model.generative else "only quotes the notes"
    hint = "Ask that server itself." if model.generative else "Give Sidecar a GGUF file with --model."
    raise RequestError(
        f"The tokens of '{wanted}' are not known here: it {what}.",
        param="model",
        code="tokenizer_unavailable",
        hint=hint,
    )
