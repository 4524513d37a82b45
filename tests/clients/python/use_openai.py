"""OpenAI's own client: chat, legacy completions, embeddings and models."""

from __future__ import annotations

import math
from typing import Any

import openai

from tests.clients.python.harness import call, raises, report, service
from tests.clients.python.openai_connection import asked, client, connect, painted, parameters, schema

# For two kinds of answer the types are narrower than OpenAI itself: vectors in base64, which the client decodes after
# the check, and chunks of legacy completions, whose finish reason is null until the last.
lenient = connect(strict=False)
tool: Any = {
    "type": "function",
    "function": {"name": "paint", "description": "Paint the fence.", "parameters": parameters, "strict": True},
}
paint: Any = {"type": "function", "function": {"name": "paint"}}


@call("models.list")
def models() -> None:
    ids = [model.id for model in client.models.list()]
    assert {service.quoting, service.chat, service.embedding} <= set(ids), ids


@call("models.retrieve, id with a slash")
def model() -> None:
    assert client.models.retrieve(service.quoting).id == service.quoting


@call("chat.completions.create")
def chat() -> None:
    raw = client.chat.completions.with_raw_response.create(model=service.quoting, messages=asked)
    answer = raw.parse()
    assert service.fact in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id
    sent = raw.http_response.json()
    assert sent["choices"][0]["logprobs"] is None
    assert sent["choices"][0]["message"]["refusal"] is None


@call("chat.completions.create, annotations")
def citations() -> None:
    answer = client.chat.completions.create(model=service.quoting, messages=asked)
    found = answer.choices[0].message.annotations
    assert found
    assert found[0].url_citation.url.startswith("obsidian://open?")


@call("chat.completions.create, stream")
def chat_stream() -> None:
    chunks = list(client.chat.completions.create(model=service.quoting, messages=asked, stream=True))
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(chunk.choices for chunk in chunks)
    assert [c.choices[0].finish_reason for c in chunks].count(None) == len(chunks) - 1
    assert service.fact in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


@call("chat.completions.create, stream with usage")
def chat_stream_usage() -> None:
    stream = client.chat.completions.create(
        model=service.chat, messages=asked, stream=True, max_tokens=5, stream_options={"include_usage": True}
    )
    *_, last = list(stream)
    assert last.choices == []
    assert last.usage
    assert last.usage.completion_tokens <= 5


@call("chat.completions.stream")
def chat_helper() -> None:
    with client.chat.completions.stream(model=service.quoting, messages=asked) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds, kinds
    assert service.fact in (final.choices[0].message.content or "")


@call("chat.completions.create, options of every kind")
def chat_options() -> None:
    answer = client.chat.completions.create(
        model=service.chat,
        messages=[
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {"role": "user", "content": [{"type": "text", "text": "One."}]},
            {"role": "user", "content": "Say la la la la la la la la"},
        ],
        max_completion_tokens=8,
        n=2,
        seed=7,
        temperature=0.5,
        top_p=0.9,
        presence_penalty=0.1,
        frequency_penalty=0.1,
        logit_bias={"42": -1},
        logprobs=True,
        top_logprobs=2,
        stop=["\n\n"],
        user="someone",
        store=True,
        metadata={"purpose": "test"},
        service_tier="auto",
        extra_body={"verbosity": "low", "unknown": None},
        extra_query={"max_completion_tokens": "5"},
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.choices[0].logprobs
    assert answer.choices[0].logprobs.content
    assert len(answer.choices[0].logprobs.content[0].top_logprobs) <= 2


@call("chat.completions.create, forced tool")
def forced() -> None:
    answer = client.chat.completions.create(model=service.chat, messages=asked, tools=[tool], tool_choice=paint)
    _painted(answer.choices[0])


@call("chat.completions.create, tool_choice required")
def tool_required() -> None:
    answer = client.chat.completions.create(
        model=service.chat, messages=asked, tools=[tool], tool_choice="required", parallel_tool_calls=False
    )
    _painted(answer.choices[0])


def _painted(choice: Any) -> None:
    assert choice.finish_reason == "tool_calls", choice.finish_reason
    (made,) = choice.message.tool_calls
    assert made.function.name == "paint"
    painted(made.function.arguments)


@call("chat.completions.stream, forced tool")
def tool_helper() -> None:
    with client.chat.completions.stream(model=service.chat, messages=asked, tools=[tool], tool_choice=paint) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds, kinds
    _painted(final.choices[0])


@call("chat.completions.create, result of a tool")
def tool_result() -> None:
    made: Any = {"id": "call_1", "type": "function", "function": {"name": "paint", "arguments": '{"colour": "red"}'}}
    client.chat.completions.create(
        model=service.chat,
        messages=[
            *asked,
            {"role": "assistant", "content": None, "tool_calls": [made]},
            {"role": "tool", "tool_call_id": "call_1", "content": "painted"},
        ],
        tools=[tool],
        tool_choice="none",
        max_tokens=5,
    )


@call("chat.completions.create, json_schema")
def structured() -> None:
    answer = client.chat.completions.create(
        model=service.chat, messages=asked, response_format={"type": "json_schema", "json_schema": schema}
    )
    painted(answer.choices[0].message.content or "")


@call("chat.completions.create, unknown model")
def unknown_model() -> None:
    with raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=asked)
    assert (caught.error.code, caught.error.param) == ("model_not_found", "model"), caught.error.body
    assert caught.error.request_id


@call("chat.completions.create, wrong key")
def wrong_key() -> None:
    with raises(openai.AuthenticationError) as caught:
        client.with_options(api_key="wrong").chat.completions.create(model=service.chat, messages=asked)
    assert caught.error.code == "invalid_api_key"


@call("chat.completions.create, prompt that does not fit, stream")
def too_long() -> None:
    with raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model=service.chat, messages=[{"role": "user", "content": "word " * 20_000}], stream=True
        )
    assert (caught.error.code, caught.error.param) == ("context_length_exceeded", "messages"), caught.error.body


@call("completions.create")
def completion() -> None:
    answer = client.completions.create(model=service.chat, prompt=["One.", "Two."], max_tokens=4)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert answer.usage


@call("completions.create, stream")
def completion_stream() -> None:
    chunks = list(lenient.completions.create(model=service.chat, prompt="One.", max_tokens=4, stream=True))
    reasons: list[Any] = [chunk.choices[0].finish_reason for chunk in chunks]
    assert len(reasons) - reasons.count(None) == 1, reasons


@call("embeddings.create, base64 by default")
def embeddings() -> None:
    answer = lenient.embeddings.create(model=service.embedding, input=["One.", "Two."])
    assert [each.index for each in answer.data] == [0, 1]
    assert answer.usage.total_tokens > 0
    floats = client.embeddings.create(model=service.embedding, input=["One.", "Two."], encoding_format="float")
    for packed, plain in zip(answer.data, floats.data, strict=True):
        assert len(packed.embedding) == len(plain.embedding)
        assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(packed.embedding, plain.embedding, strict=True))


@call("embeddings.create, dimensions")
def dimensions() -> None:
    (one,) = lenient.embeddings.create(model=service.embedding, input="One.", dimensions=64).data
    assert len(one.embedding) == 64
    assert math.isclose(math.hypot(*one.embedding), 1, abs_tol=1e-4)


@call("embeddings.create, token ids")
def token_ids() -> None:
    # "hello world" in cl100k.
    ids = lenient.embeddings.create(model=service.embedding, input=[[15339, 1917]]).data[0].embedding
    words = lenient.embeddings.create(model=service.embedding, input="hello world").data[0].embedding
    assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(ids, words, strict=True))


@call("embeddings.create, empty input")
def empty_input() -> None:
    with raises(openai.BadRequestError) as caught:
        client.embeddings.create(model=service.embedding, input="")
    assert caught.error.param == "input"


report("openai")
