"""Everything that can be asked of a server: its routes with their parameters filled in, and what they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from sidecar.api.app import routes
from sidecar.protocol.console import SignInBody
from sidecar.protocol.fields import Body
from sidecar.protocol.ollama import EmbedBody, GenerateBody, NameBody, OllamaChatBody, OllamaEmbeddingsBody
from sidecar.protocol.openai_chat import ChatBody
from sidecar.protocol.openai_completions import CompletionBody
from sidecar.protocol.openai_embeddings import EmbeddingsBody
from sidecar.protocol.openai_rerank import RerankBody
from sidecar.protocol.openai_responses import ResponsesBody
from sidecar.protocol.openai_tokenize import DetokenizeBody, TokenizeBody
from sidecar.protocol.openai_vector_stores import VectorSearchBody
from sidecar.protocol.vault_rest import SearchBody, SyncBody
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.vector_store import file_id

HEALTH = frozenset({"/healthz", "/health"})
PAGE = frozenset(
    {
        "/",
        "/console/ask.js",
        "/console/clients.js",
        "/console/conversation.js",
        "/console/dom.js",
        "/console/icon.svg",
        "/console/inline.js",
        "/console/keyboard.js",
        "/console/looks.js",
        "/console/main.js",
        "/console/markdown.js",
        "/console/models.js",
        "/console/overview.js",
        "/console/parts.css",
        "/console/search.js",
        "/console/server.js",
        "/console/sign_in.js",
        "/console/store.js",
        "/console/stream.js",
        "/console/style.css",
        "/console/texts.js",
        "/console/turn.js",
        *(f"/console/texts/{language}.json" for language in ("en", "es", "fr", "it", "pt")),
    }
)
"""The console's files: the same for everyone."""
SIGN_IN = "/console/sign-in"
OPEN = HEALTH | PAGE | {SIGN_IN}
"""Written out, so that nothing opens by being added to the server."""
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
NOTE = "Home.md"
FILLINGS: Mapping[str, str] = {
    "id": "vault",
    "path": NOTE,
    "store_id": "vs_demo",
    "file_id": file_id("demo", NOTE),
    "rest": "/x",
    "digest": "sha256:0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and a path as the routes write it."""

    method: str
    template: str

    def path(self, fillings: Mapping[str, str] = FILLINGS) -> str:
        """The path with its parameters filled in."""
        return _PARAMETER.sub(lambda match: quote(fillings[match[1]], safe="/:"), self.template)

    @property
    def parameters(self) -> list[str]:
        """The names of the parameters in its path."""
        return _PARAMETER.findall(self.template)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a path takes: the shape of its body, and a body that is right."""

    model: type[Body]
    right: Mapping[str, Any]


_ASKED = {"model": "vault", "messages": [{"role": "user", "content": "What is the gate code for the cabin?"}]}
_CHAT = Taken(model=ChatBody, right=_ASKED)
_COMPLETION = Taken(model=CompletionBody, right={"model": "vault", "prompt": "The gate code"})
_EMBEDDINGS = Taken(model=EmbeddingsBody, right={"model": "builtin", "input": "cabin"})
_RESPONSE = Taken(model=ResponsesBody, right={"model": "vault", "input": "What is the gate code for the cabin?"})
_NAME = Taken(model=NameBody, right={"model": "vault"})
BODIES: Mapping[str, Taken] = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": _COMPLETION,
    "/v1/embeddings": _EMBEDDINGS,
    "/v1/responses": _RESPONSE,
    "/v1/responses/input_tokens": _RESPONSE,
    "/v1/vector_stores/{store_id}/search": Taken(model=VectorSearchBody, right={"query": "cabin"}),
    "/v1/rerank": Taken(model=RerankBody, right={"query": "cabin", "documents": ["cabin", "sea"]}),
    "/v1/tokenize": Taken(model=TokenizeBody, right={"model": "vault", "content": "cabin"}),
    "/v1/detokenize": Taken(model=DetokenizeBody, right={"model": "vault", "tokens": [1]}),
    "/api/show": _NAME,
    "/api/pull": _NAME,
    "/api/chat": Taken(model=OllamaChatBody, right={**_ASKED, "stream": False}),
    "/api/generate": Taken(model=GenerateBody, right={"model": "vault", "prompt": "cabin", "stream": False}),
    "/api/embed": Taken(model=EmbedBody, right={"model": "builtin", "input": "cabin"}),
    "/api/embeddings": Taken(model=OllamaEmbeddingsBody, right={"model": "builtin", "prompt": "cabin"}),
    "/api/v0/chat/completions": _CHAT,
    "/api/v0/completions": _COMPLETION,
    "/api/v0/embeddings": _EMBEDDINGS,
    "/vault/search": Taken(model=SearchBody, right={"query": "cabin"}),
    "/vault/sync": Taken(model=SyncBody, right={"vault": "demo"}),
    "/console/sign-in": Taken(model=SignInBody, right={"code": "none"}),
}
REFUSED = frozenset(
    {
        "/v1/files",
        "/v1/files/{file_id}",
        "/v1/uploads{rest:path}",
        "/v1/vector_stores",
        "/v1/vector_stores/{store_id}",
        "/v1/vector_stores/{store_id}/files",
        "/v1/vector_stores/{store_id}/files/{file_id}",
        "/v1/vector_stores/{store_id}/file_batches{rest:path}",
        "/v1/responses/{id}/cancel",
        "/api/create",
        "/api/copy",
        "/api/push",
        "/api/blobs/{digest:path}",
        "/console/link",
        "/console/sign-out",
        "/console/sign-out-all",
    }
)
"""Paths that take a POST and read no body."""
QUERIES: Mapping[str, Sequence[str]] = {
    "/healthz": ["nonce"],
    "/health": ["nonce"],
    "/v1/responses/{id}": ["stream", "starting_after", "include"],
    "/v1/responses/{id}/input_items": ["limit", "order", "after"],
    "/v1/files": ["limit", "order", "after", "purpose"],
    "/v1/vector_stores": ["limit", "order", "after", "before"],
    "/v1/vector_stores/{store_id}/files": ["limit", "order", "after", "before", "filter"],
    "/vault/status": ["list"],
    "/vault/related": ["vault", "path", "limit"],
    "/vault/why": ["vault", "path", "query"],
    "/vault/notes/{path:path}": ["vault"],
}
"""What is read from the query string of a GET."""


def endpoints() -> list[Endpoint]:
    """Every method of every route."""
    # A runtime is only bound to the handlers here; none is called.
    found = routes(cast("Runtime", None))
    return [Endpoint(method=method, template=route.path) for route in found for method in sorted(route.methods or ())]


def spellings(path: str) -> list[str]:
    """A path as clients write it: as it is, without `/v1`, and with it twice."""
    return [path, path.removeprefix("/v1"), f"/v1{path}"]
