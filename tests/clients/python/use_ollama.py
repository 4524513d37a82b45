"""Ollama's own client."""

from __future__ import annotations

import json
from typing import Any

from ollama import Client, ResponseError  # type: ignore[import-not-found]  # in an environment of its own

from tests.clients.python.harness import call, raises, report, service

client = Client(host=service.url, headers={"Authorization": f"Bearer {service.key}"}, timeout=60)
asked = [{"role": "user", "content": service.question}]


@call("list")
def models() -> None:
    names = [model.model or "" for model in client.list().models]
    assert any(name.startswith(service.quoting) for name in names), names


@call("show")
def show() -> None:
    assert "completion" in (client.show(service.quoting).capabilities or [])
    assert "embedding" in (client.show(service.embedding).capabilities or [])


@call("ps")
def running() -> None:
    assert client.ps().models is not None


@call("chat")
def chat() -> None:
    answer = client.chat(service.quoting, messages=asked)
    assert service.fact in (answer.message.content or "")
    assert answer.done
    assert answer.done_reason == "stop"


@call("chat, stream")
def chat_stream() -> None:
    parts = list(client.chat(service.quoting, messages=asked, stream=True))
    assert service.fact in "".join(part.message.content or "" for part in parts)
    assert [part.done for part in parts].count(True) == 1
    assert parts[-1].eval_count is not None


@call("chat, format with a schema")
def chat_format() -> None:
    schema: Any = {
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
        "required": ["colour"],
    }
    answer = client.chat(service.chat, messages=asked, format=schema)
    assert json.loads(answer.message.content or "")["colour"] in ("red", "blue")


@call("generate")
def generate() -> None:
    assert service.fact in client.generate(service.quoting, prompt=service.question).response


@call("generate, stream")
def generate_stream() -> None:
    parts = list(client.generate(service.quoting, prompt=service.question, stream=True))
    assert service.fact in "".join(part.response for part in parts)
    assert parts[-1].done


@call("embed")
def embed() -> None:
    one, two = client.embed(service.embedding, input=["One.", "Two."]).embeddings
    assert len(one) == len(two) > 1


@call("embeddings")
def embeddings() -> None:
    assert len(client.embeddings(service.embedding, prompt="One.").embedding) > 1


@call("chat, unknown model")
def unknown() -> None:
    with raises(ResponseError) as caught:
        client.chat("no-such-model", messages=asked)
    assert caught.error.status_code == 404
    assert "no-such-model" in caught.error.error


report("ollama")
