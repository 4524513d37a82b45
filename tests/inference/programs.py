"""The programs that serve models, as far as their behaviour matters here, played on a real socket.

What they do is from their public source and documentation: Ollama (api/types.go, server/routes.go, server/prompt.go),
llama.cpp (tools/server/README.md), vLLM (entrypoints), LM Studio (REST API v0), LocalAI (its Ollama routes), KoboldCpp.
A token is a word; a message has four more around it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tests.inference.upstream_server import DONE, Parts, UpstreamServer, chunk, event, upstream_server

CHAT = "/v1/chat/completions"
NDJSON = "application/x-ndjson"


class Made(Response):
    """An answer made from the request's body."""

    def __init__(self, make: Callable[[Any], Response]) -> None:
        super().__init__()
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server: UpstreamServer = scope["app"].state.server
        await self._make(server.seen[-1].body)(scope, receive, send)


def text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(str(part.get("text", "")) for part in content)


def tokens(messages: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(text_of(message).split()) + 4 for message in messages)


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def told(texts: Sequence[str], *, prompt: int) -> Response:
    """OpenAI's stream with usage."""
    usage = {"prompt_tokens": prompt, "completion_tokens": len(texts), "total_tokens": prompt + len(texts)}
    chunks = [chunk({"content": text}) for text in texts]
    return Parts(*chunks, chunk(finish="stop"), event(choices=[], usage=usage), DONE)


@dataclass(kw_only=True)
class Ollama:
    """`windows` are those the models were trained for; `remote` ones are passed on to ollama.com."""

    windows: Mapping[str, int]
    version: str = "0.13.0"
    num_ctx: Mapping[str, int] = field(default_factory=dict)
    remote: frozenset[str] = frozenset()
    capabilities: tuple[str, ...] = ("completion",)
    family: str = "llama"
    loaded: dict[str, int] = field(default_factory=dict)
    lines: tuple[bytes, ...] | None = None
    """What it answers, instead of a word and its end."""

    def play(self, server: UpstreamServer) -> None:
        listed = [{"id": name, "object": "model", "owned_by": "library"} for name in self.windows]
        server.reply("/v1/models", {"object": "list", "data": listed})
        server.reply("/", PlainTextResponse("Ollama is running"))
        server.reply("/api/version", {"version": self.version})
        server.reply("/api/tags", {"models": [self._tag(name) for name in self.windows]})
        server.reply("/api/ps", Made(lambda _: JSONResponse({"models": self._running()})))
        server.reply("/api/show", Made(self._show))
        server.reply("/api/chat", Made(self._chat))
        server.reply(CHAT, Made(self._openai_chat))
        server.reply("/api/embed", Made(self._embed))
        server.reply("/v1/embeddings", Made(self._openai_embed))

    def _tag(self, name: str) -> dict[str, Any]:
        away = {"remote_host": "https://ollama.com:443", "remote_model": name} if name in self.remote else {}
        return {"name": name, "model": name, "capabilities": list(self.capabilities), **away}

    def _running(self) -> list[dict[str, Any]]:
        return [{"name": name, "context_length": length} for name, length in self.loaded.items()]

    def _show(self, body: Any) -> Response:
        name = body["model"]
        if name not in self.windows:
            return JSONResponse({"error": f"model '{name}' not found"}, 404)
        shown: dict[str, Any] = {
            "details": {"family": self.family},
            "model_info": {"general.architecture": "llama", "llama.context_length": self.windows[name]},
            "capabilities": list(self.capabilities),
        }
        if name in self.num_ctx:
            shown["parameters"] = f'stop    "x"\nnum_ctx    {self.num_ctx[name]}'
        return JSONResponse(shown | ({"remote_host": "https://ollama.com:443"} if name in self.remote else {}))

    def _chat(self, body: Any) -> Response:
        name, window = body["model"], body.get("options", {}).get("num_ctx") or self._usual(body["model"])
        if name not in self.windows:
            return JSONResponse({"error": f"model '{name}' not found"}, 404)
        self.loaded[name] = min(window, self.windows[name])
        messages, knows = body["messages"], self.version >= "0.12.6"
        if knows and body.get("truncate") is False and tokens(messages) > self.loaded[name]:
            return JSONResponse({"error": "the input length exceeds the context length"}, 400)
        read = self._read(messages, self.loaded[name])
        usual = (
            line(model=name, message={"role": "assistant", "content": "Hello"}, done=False),
            line(model=name, message={"role": "assistant", "content": ""}, done=True, done_reason="stop",
                 prompt_eval_count=read, eval_count=1),
        )  # fmt: skip
        return Parts(*(usual if self.lines is None else self.lines), content_type=NDJSON)

    def _openai_chat(self, body: Any) -> Response:
        # Whatever the request says of `num_ctx`.
        self.loaded[body["model"]] = self._usual(body["model"])
        return told(["Hello"], prompt=self._read(body["messages"], self._usual(body["model"])))

    def _usual(self, name: str) -> int:
        return self.num_ctx.get(name) or min(self.windows.get(name, 4096), 4096)

    @staticmethod
    def _read(messages: Sequence[Mapping[str, Any]], window: int) -> int:
        """Leaves messages out from the front, system ones and the last one excepted, without a word."""
        first = 0
        while True:
            kept = [m for at, m in enumerate(messages) if at >= first or m["role"] == "system"]
            if tokens(kept) <= window or first >= len(messages) - 1:
                return min(tokens(kept), window)
            first += 1

    def _embed(self, body: Any) -> Response:
        limit = self.windows[body["model"]]
        if body.get("truncate") is False and any(len(text.split()) > limit for text in body["input"]):
            return JSONResponse({"error": "the input length exceeds the context length"}, 400)
        vectors = [[float(min(len(text.split()), limit)), 1.0] for text in body["input"]]
        return JSONResponse({"embeddings": vectors, "prompt_eval_count": sum(int(v[0]) for v in vectors)})

    def _openai_embed(self, body: Any) -> Response:
        limit = self.windows[body["model"]]
        data = [
            {"embedding": [float(min(len(t.split()), limit)), 1.0], "index": at} for at, t in enumerate(body["input"])
        ]
        return JSONResponse({"data": data})


def play_lm_studio(server: UpstreamServer, *, loaded: int | None, longest: int = 131072) -> None:
    """A prompt that is too long gets an answer with nothing in it."""
    server.reply("/v1/models", {"data": [{"id": "tiny", "object": "model", "owned_by": "organization_owner"}]})
    entry: dict[str, Any] = {
        "id": "tiny", "type": "llm", "max_context_length": longest, "state": "loaded" if loaded else "not-loaded"
    }  # fmt: skip
    server.reply("/api/v0/models", {"data": [entry | ({"loaded_context_length": loaded} if loaded else {})]})
    window = loaded or 4096

    def chat(body: Any) -> Response:
        count = tokens(body["messages"])
        return told(["Hello"] if count <= window else [], prompt=count)

    server.reply(CHAT, Made(chat))


def play_llama_server(server: UpstreamServer, *, window: int, in_list: bool = True) -> None:
    meta = {"n_ctx_train": 131072} | ({"n_ctx": window} if in_list else {})
    server.reply("/v1/models", {"data": [{"id": "tiny", "owned_by": "llamacpp", "meta": meta}]})
    server.reply("/props", {"default_generation_settings": {"n_ctx": window}, "total_slots": 1})
    server.reply("/apply-template", Made(lambda body: JSONResponse({"prompt": _templated(body)})))
    server.reply("/tokenize", Made(lambda body: JSONResponse({"tokens": list(range(len(body["content"].split())))})))

    def chat(body: Any) -> Response:
        count = tokens(body["messages"])
        if count >= window:
            problem = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": count, "n_ctx": window}
            message = f"the request exceeds the available context size ({window} tokens), try increasing it"
            return JSONResponse({"error": problem | {"message": message}}, 400)
        return told(["Hello"], prompt=count)

    server.reply(CHAT, Made(chat))


def _templated(body: Any) -> str:
    return " ".join(f"<s> {message['role']} : {text_of(message)} </s>" for message in body["messages"])


def play_vllm(server: UpstreamServer, *, window: int) -> None:
    server.reply("/v1/models", {"data": [{"id": "tiny", "owned_by": "vllm", "max_model_len": window}]})
    server.reply("/version", {"version": "0.11.0"})

    def tokenize(body: Any) -> Response:
        return JSONResponse({"count": tokens(body["messages"]), "max_model_len": window, "tokens": []})

    def chat(body: Any) -> Response:
        count, limit = tokens(body["messages"]), body.get("max_tokens") or 0
        if count + limit > window:
            message = (
                f"This model's maximum context length is {window} tokens. However, you requested {count + limit} tokens"
            )
            return JSONResponse({"object": "error", "message": message, "code": 400}, 400)
        return told(["Hello"], prompt=count)

    server.reply("/tokenize", Made(tokenize))
    server.reply(CHAT, Made(chat))


def play_localai(server: UpstreamServer, *, window: int) -> None:
    """It imitates Ollama beside its own routes."""
    server.reply("/v1/models", {"data": [{"id": "tiny", "object": "model"}]})
    server.reply("/system", {"backends": ["llama-cpp"], "loaded_models": []})
    server.reply("/api/version", {"version": "0.9.0"})
    server.reply("/api/show", {"model_info": {"general.context_length": window}})
    server.reply("/api/ps", {"models": []})


def play_koboldcpp(server: UpstreamServer, *, window: int) -> None:
    """It imitates Ollama and llama-server beside its own routes."""
    server.reply("/v1/models", {"data": [{"id": "koboldcpp/tiny", "owned_by": "koboldcpp"}]})
    server.reply("/api/extra/version", {"result": "KoboldCpp", "version": "1.100"})
    server.reply("/api/extra/true_max_context_length", {"value": window})
    server.reply("/api/version", {"version": "0.7.0"})
    server.reply("/props", {"default_generation_settings": {"n_ctx": 1}})


@asynccontextmanager
async def program(play: Callable[[UpstreamServer], None]) -> AsyncIterator[UpstreamServer]:
    """Run one of them."""
    async with upstream_server() as server:
        play(server)
        yield server
