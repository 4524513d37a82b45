"""LiteLLM, as a library: what its proxy and the plugins built on it send."""

from __future__ import annotations

from typing import Any

import litellm  # type: ignore[import-not-found]  # in an environment of its own

from tests.clients.python.harness import call, report, service

where: Any = {"api_base": service.base, "api_key": service.key}
asked = [{"role": "user", "content": service.question}]
tool = {
    "type": "function",
    "function": {
        "name": "paint",
        "parameters": {
            "type": "object",
            "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
            "required": ["colour"],
        },
    },
}


@call("completion")
def chat() -> None:
    answer: Any = litellm.completion(model=f"openai/{service.quoting}", messages=asked, **where)
    assert service.fact in answer.choices[0].message.content
    assert answer.usage.total_tokens > 0


@call("completion, stream")
def stream() -> None:
    chunks: Any = list(litellm.completion(model=f"openai/{service.quoting}", messages=asked, stream=True, **where))
    assert service.fact in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


@call("completion, forced tool")
def forced() -> None:
    answer: Any = litellm.completion(
        model=f"openai/{service.chat}",
        messages=asked,
        tools=[tool],
        tool_choice={"type": "function", "function": {"name": "paint"}},
        **where,
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "paint"


@call("text_completion")
def text() -> None:
    answer: Any = litellm.text_completion(
        model=f"text-completion-openai/{service.chat}", prompt="One.", max_tokens=4, **where
    )
    assert answer.choices[0].finish_reason


@call("embedding")
def embedding() -> None:
    answer: Any = litellm.embedding(model=f"openai/{service.embedding}", input=["One.", "Two."], **where)
    assert [each["index"] for each in answer.data] == [0, 1]


@call("responses")
def responses() -> None:
    answer: Any = litellm.responses(model=f"openai/{service.quoting}", input=service.question, **where)
    assert service.fact in answer.output_text


@call("vector_stores.search")
def search() -> None:
    answer: Any = litellm.vector_stores.search(
        vector_store_id="vs_vault", query=service.question, custom_llm_provider="openai", **where
    )
    assert any(service.fact in part["text"] for result in answer["data"] for part in result["content"])


report("litellm")
