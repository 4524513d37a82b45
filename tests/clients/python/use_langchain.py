"""LangChain: chat, tools, structured output, and embeddings that send token ids."""

from __future__ import annotations

import math
from typing import Any, Literal

from langchain_openai import ChatOpenAI, OpenAIEmbeddings  # type: ignore[import-not-found]  # in an environment of its own
from pydantic import BaseModel

from tests.clients.python.harness import call, report, service


def chat(model: str, **more: Any) -> Any:
    return ChatOpenAI(base_url=service.base, api_key=service.key, model=model, max_retries=0, timeout=60, **more)


class Paint(BaseModel):
    """Paint the fence."""

    colour: Literal["red", "blue"]


@call("ChatOpenAI.invoke")
def invoke() -> None:
    answer = chat(service.quoting).invoke(service.question)
    assert service.fact in answer.content
    assert answer.usage_metadata["total_tokens"] > 0


@call("ChatOpenAI.stream")
def stream() -> None:
    chunks = list(chat(service.quoting).stream(service.question))
    assert service.fact in "".join(chunk.content for chunk in chunks)
    assert [chunk.response_metadata["finish_reason"] for chunk in chunks if "finish_reason" in chunk.response_metadata]


@call("ChatOpenAI.bind_tools, forced")
def tools() -> None:
    answer = chat(service.chat).bind_tools([Paint], tool_choice="Paint").invoke(service.question)
    (made,) = answer.tool_calls
    assert made["name"] == "Paint"
    assert made["args"]["colour"] in ("red", "blue")


@call("ChatOpenAI.bind_tools, forced, stream")
def tools_stream() -> None:
    whole: Any = None
    for chunk in chat(service.chat).bind_tools([Paint], tool_choice="Paint").stream(service.question):
        whole = chunk if whole is None else whole + chunk
    (made,) = whole.tool_calls
    assert made["args"]["colour"] in ("red", "blue")


@call("ChatOpenAI.with_structured_output")
def structured() -> None:
    answer = chat(service.chat).with_structured_output(Paint).invoke(service.question)
    assert isinstance(answer, Paint)


@call("ChatOpenAI.invoke, Responses")
def responses() -> None:
    answer = chat(service.quoting, use_responses_api=True).invoke(service.question)
    assert service.fact in answer.text


@call("ChatOpenAI.stream, Responses")
def responses_stream() -> None:
    chunks = list(chat(service.quoting, use_responses_api=True).stream(service.question))
    assert service.fact in "".join(chunk.text for chunk in chunks)


@call("OpenAIEmbeddings.embed_documents, token ids by default")
def embeddings() -> None:
    options: Any = {"base_url": service.base, "api_key": service.key, "model": service.embedding, "max_retries": 0}
    texts = ["The gate of the cabin", "Cão e gato, 犬と猫"]
    by_ids = OpenAIEmbeddings(**options).embed_documents(texts)
    by_text = OpenAIEmbeddings(**options, check_embedding_ctx_length=False).embed_documents(texts)
    for one, other in zip(by_ids, by_text, strict=True):
        assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(one, other, strict=True))


report("langchain-openai")
