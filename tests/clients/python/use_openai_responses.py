"""OpenAI's own client: Responses, whole, streamed, kept and gone on with."""

from __future__ import annotations

import openai

from tests.clients.python.harness import call, raises, report, service
from tests.clients.python.openai_connection import client, painted, parameters

KEYS = (
    "id object created_at completed_at status error incomplete_details instructions model output "
    "previous_response_id reasoning tools tool_choice parallel_tool_calls text temperature top_p top_logprobs "
    "presence_penalty frequency_penalty max_output_tokens max_tool_calls store background truncation service_tier "
    "metadata usage safety_identifier prompt_cache_key"
)
NEVER_NULL = (
    "status model output tools tool_choice truncation parallel_tool_calls text top_p temperature top_logprobs "
    "presence_penalty frequency_penalty store background service_tier metadata"
)


@call("responses.create")
def response() -> None:
    raw = client.responses.with_raw_response.create(model=service.quoting, input=service.question)
    assert service.fact in raw.parse().output_text
    sent = raw.http_response.json()
    assert set(KEYS.split()) <= set(sent), set(KEYS.split()) - set(sent)
    assert not [key for key in NEVER_NULL.split() if sent[key] is None]
    assert {"cached_tokens", "cache_write_tokens"} <= set(sent["usage"]["input_tokens_details"])


@call("responses.create, stream")
def response_stream() -> None:
    events = list(client.responses.create(model=service.quoting, input=service.question, stream=True))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"], kinds
    assert kinds[-1] == "response.completed", kinds
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert service.fact in "".join(e.delta for e in events if e.type == "response.output_text.delta")


@call("responses.stream")
def response_helper() -> None:
    with client.responses.stream(model=service.quoting, input=service.question) as stream:
        for _ in stream:
            pass
        assert service.fact in stream.get_final_response().output_text


@call("responses.create, forced function")
def response_function() -> None:
    answer = client.responses.create(
        model=service.chat,
        input=[{"role": "user", "content": service.question}],
        tools=[{"type": "function", "name": "paint", "parameters": parameters, "strict": True}],
        tool_choice={"type": "function", "name": "paint"},
    )
    (made,) = [item for item in answer.output if item.type == "function_call"]
    assert made.name == "paint"
    painted(made.arguments)


@call("responses.create, text.format json_schema")
def response_structured() -> None:
    answer = client.responses.create(
        model=service.chat,
        input=service.question,
        text={"format": {"type": "json_schema", "name": "choice", "schema": parameters, "strict": True}},
    )
    painted(answer.output_text)


@call("responses.create, max_output_tokens")
def response_cut() -> None:
    answer = client.responses.create(model=service.chat, input=f"{service.fact} " * 30, max_output_tokens=16)
    assert answer.status == "incomplete", answer.status
    assert answer.incomplete_details
    assert answer.incomplete_details.reason == "max_output_tokens"


@call("responses.retrieve, input_items.list, delete")
def response_kept() -> None:
    made = client.responses.create(model=service.quoting, input=service.question)
    assert client.responses.retrieve(made.id).output_text == made.output_text
    (item,) = list(client.responses.input_items.list(made.id))
    assert item.type == "message"
    client.responses.delete(made.id)
    with raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


@call("responses.create, store false")
def response_not_kept() -> None:
    made = client.responses.create(
        model=service.quoting, input=service.question, store=False, include=["reasoning.encrypted_content"]
    )
    with raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


@call("responses.create, previous_response_id")
def response_follow_up() -> None:
    first = client.responses.create(model=service.quoting, input=service.question)
    second = client.responses.create(
        model=service.quoting, input="And where is that written?", previous_response_id=first.id
    )
    assert second.previous_response_id == first.id
    with raises(openai.NotFoundError) as caught:
        client.responses.create(model=service.chat, input="x", previous_response_id="resp_nowhere")
    assert caught.error.code == "previous_response_not_found", caught.error.body


@call("responses.input_tokens.count")
def response_tokens() -> None:
    assert client.responses.input_tokens.count(model=service.chat, input="One.").input_tokens > 0


report("openai")
