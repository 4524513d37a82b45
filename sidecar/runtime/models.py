"""The models that this Sidecar offers: ids, aliases, and which chat model answers with which vault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import ModelNotFoundError, ModelUnavailableError
from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.model import ChatModel
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.llama.process import LlamaProcess
from sidecar.runtime.configured import first_of, names_of, refuse_closed
from sidecar.runtime.vaults import OpenVault
from sidecar.upstream.server import Upstream

OpenUpstream: TypeAlias = Callable[[Upstream, str, str], ChatModel]
"""Opens a server's model, by its name there, under an id."""

DEFAULT_ID = "vault"
# Names that clients have built in; they mean the defaults, so that such clients work unchanged.
_OPENAI_CHAT = re.compile(r"^(?:gpt-|chatgpt-|o[1-9](?:$|-))", re.IGNORECASE)
_OPENAI_EMBEDDING = re.compile(r"^text-embedding-", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model as listed to clients. `created` is in seconds since the epoch; `context_length` in tokens, when known."""

    id: str
    kind: Literal["chat", "embedding"]
    name: str
    owned_by: str
    created: int
    context_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTarget:
    """What an id on the API means: a chat model, with a vault or plain."""

    id: str
    model: ChatModel
    vault: OpenVault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """A model of the settings that is a file on this machine."""

    name: str
    kind: Literal["chat", "embedding", "rerank"]
    process: LlamaProcess


class ModelRegistry:
    """Resolves the ids of the API. Listing never waits for a model."""

    def __init__(
        self,
        *,
        chat: Mapping[str, ChatModel],
        default_chat: str | None,
        embedding: EmbeddingModel | None,
        no_embedding: str,
        vaults: Mapping[str, OpenVault],
        upstream: Upstream | None,
        aliases: Mapping[str, str],
        created: int,
        upstreams: Mapping[str, Upstream] = MappingProxyType({}),
        open_upstream: OpenUpstream | None = None,
    ) -> None:
        """`chat` holds the models by id, the one that quotes among them; `default_chat` is the one behind `vault`:
        `None` for the first that `upstream` lists. `upstreams` are the named ones. `no_embedding` says why there is no
        embedding model.
        """
        self._chat = dict(chat)
        self._default_chat = default_chat
        self._embedding = embedding
        self._no_embedding = no_embedding
        self._vaults = vaults
        self._upstream = upstream
        # A vault's name wins; under its server's own name such a model could be taken for one with notes.
        self._named = {name: server for name, server in upstreams.items() if name not in names_of(vaults)}
        self._open_upstream = open_upstream or (lambda server, model, name: UpstreamChatModel(server, model, name=name))
        self._aliases = aliases
        self._created = created

    def entries(self) -> tuple[ModelEntry, ...]:
        """Every id that can be asked for, the default first; aliases are not listed."""
        models = self._chat_ids()
        chat = [
            DEFAULT_ID,
            *(f"{vault}/{model}" for vault in self._vaults for model in models),
            *(model for model in models if self._generative(model)),
        ]
        entries = [self._entry(model_id, "chat") for model_id in dict.fromkeys(chat)]
        if self._embedding is not None:
            entries.append(self._entry(self._embedding.name, "embedding"))
        return tuple(entries)

    def files(self) -> Mapping[str, LlamaChatModel]:
        """The chat models that are files on this machine, by id."""
        return {model_id: model for model_id, model in self._chat.items() if isinstance(model, LlamaChatModel)}

    @property
    def embedding(self) -> EmbeddingModel | None:
        """The embedding model; `None` when search runs on words alone."""
        return self._embedding

    def chat_target(self, model_id: str) -> ChatTarget:
        """The chat model, and the vault it answers with, behind an id or alias. Raises ModelNotFoundError, and
        VaultError when that vault cannot be opened now: an answer without it would be taken for what the notes say.
        """
        wanted = self._aliases.get(model_id, model_id)
        # What is listed is what it says, whatever it looks like: a vault called `gpt-4`, the upstream's `gpt-oss:20b`.
        listed = {entry.id for entry in self.entries() if entry.kind == "chat"}
        if wanted == DEFAULT_ID or (_OPENAI_CHAT.match(wanted) and wanted not in listed):
            return ChatTarget(id=model_id, model=self._default_model(), vault=self._default_vault())
        for name, vault in self._vaults.items():
            if wanted.startswith(f"{name}/") and (model := self._model(wanted[len(name) + 1 :])) is not None:
                return ChatTarget(id=model_id, model=model, vault=vault)
        refuse_closed(self._vaults, lambda name: wanted.startswith(f"{name}/"))
        model = self._model(wanted)
        if model is None:
            valid = tuple(entry.id for entry in self.entries() if entry.kind == "chat")
            raise ModelNotFoundError(model_id, valid=valid)
        return ChatTarget(id=model_id, model=model, vault=None if model.generative else self._default_vault())

    def embedding_model(self, model_id: str) -> EmbeddingModel:
        """The embedding model behind an id or alias. Raises ModelNotFoundError, or ModelUnavailableError when the
        server runs on lexical search alone.
        """
        wanted = self._aliases.get(model_id, model_id)
        known = {DEFAULT_ID, "builtin"} | ({self._embedding.name} if self._embedding else set())
        if wanted not in known and not _OPENAI_EMBEDDING.match(wanted):
            valid = tuple(entry.id for entry in self.entries() if entry.kind == "embedding")
            raise ModelNotFoundError(model_id, valid=valid)
        if self._embedding is None:
            raise ModelUnavailableError("No embedding model is loaded.", hint=self._no_embedding)
        return self._embedding

    def _chat_ids(self) -> list[str]:
        return list(dict.fromkeys([self._default_id(), *self._chat, *self._upstream_ids()]))

    def _upstream_ids(self) -> Iterator[str]:
        for name, server in self._servers():
            for model in server.known_models():
                yield f"{name}/{model.id}" if name else model.id

    def _servers(self) -> Iterator[tuple[str, Upstream]]:
        if self._upstream is not None:
            yield "", self._upstream
        yield from self._named.items()

    def _default_id(self) -> str:
        if self._default_chat is not None:
            return self._default_chat
        listed = self._upstream.known_models() if self._upstream else ()
        return next((model.id for model in listed if model.kind != "embedding"), next(iter(self._chat)))

    def _default_model(self) -> ChatModel:
        model = self._model(self._default_id())
        assert model is not None
        return model

    def _generative(self, model_id: str) -> bool:
        return model_id not in self._chat or self._chat[model_id].generative

    def _model(self, model_id: str) -> ChatModel | None:
        if model_id not in self._chat and (found := self._on_upstream(model_id)):
            self._chat[model_id] = self._open_upstream(*found, model_id)
        return self._chat.get(model_id)

    def _on_upstream(self, model_id: str) -> tuple[Upstream, str] | None:
        """The server of an id and the model's name there. One that never listed its models is taken at its word: it
        may have been away since the start.
        """
        name, _, rest = model_id.partition("/")
        server = self._named.get(name)
        if server is not None and rest:
            known = {model.id for model in server.known_models()}
            return (server, rest) if rest in known or not known else None
        if self._upstream is not None and model_id in {model.id for model in self._upstream.known_models()}:
            return self._upstream, model_id
        return None

    def _default_vault(self) -> OpenVault | None:
        return first_of(self._vaults)

    def _entry(self, model_id: str, kind: Literal["chat", "embedding"]) -> ModelEntry:
        return ModelEntry(id=model_id, kind=kind, name=model_id, owned_by="sidecar", created=self._created)
