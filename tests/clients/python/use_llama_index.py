"""LlamaIndex's OpenAILike: chat, legacy completions and embeddings."""

from __future__ import annotations

from typing import Any

from llama_index.core.llms import ChatMessage  # type: ignore[import-not-found]  # in an environment of its own
from llama_index.embeddings.openai_like import OpenAILikeEmbedding  # type: ignore[import-not-found]  # in an environment of its own
from llama_index.llms.openai_like import OpenAILike  # type: ignore[import-not-found]  # in an environment of its own

from tests.clients.python.harness import call, report, service


def llm(model: str, **more: Any) -> Any:
    return OpenAILike(model=model, api_base=service.base, api_key=service.key, max_retries=0, timeout=60, **more)


asked = [ChatMessage(role="user", content=service.question)]


@call("OpenAILike.complete")
def complete() -> None:
    assert llm(service.chat, max_tokens=8).complete("The gate of the cabin").raw


@call("OpenAILike.stream_complete")
def stream_complete() -> None:
    assert list(llm(service.chat, max_tokens=8).stream_complete("The gate of the cabin"))


@call("OpenAILike.chat")
def chat() -> None:
    assert service.fact in llm(service.quoting, is_chat_model=True).chat(asked).message.content


@call("OpenAILike.stream_chat")
def stream_chat() -> None:
    *_, last = llm(service.quoting, is_chat_model=True).stream_chat(asked)
    assert service.fact in last.message.content


@call("OpenAILikeEmbedding.get_text_embedding_batch")
def embeddings() -> None:
    model: Any = OpenAILikeEmbedding(
        model_name=service.embedding, api_base=service.base, api_key=service.key, max_retries=0
    )
    one, two = model.get_text_embedding_batch(["One.", "Two."])
    assert len(one) == len(two) == len(model.get_query_embedding("One."))


report("llama-index-llms-openai-like")
