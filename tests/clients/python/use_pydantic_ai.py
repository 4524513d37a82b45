"""pydantic-ai: chat, Responses, and structured output through a tool that has to be called."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput  # type: ignore[import-not-found]  # in an environment of its own
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # type: ignore[import-not-found]  # in an environment of its own
from pydantic_ai.providers.openai import OpenAIProvider  # type: ignore[import-not-found]  # in an environment of its own

from tests.clients.python.harness import call, report, service

provider = OpenAIProvider(base_url=service.base, api_key=service.key)


class Paint(BaseModel):
    """The colour of the fence."""

    colour: Literal["red", "blue"]


def chat(name: str) -> Any:
    return OpenAIChatModel(name, provider=provider)


def responses(name: str) -> Any:
    return OpenAIResponsesModel(name, provider=provider)


def streamed(model: Any) -> str:
    async def read() -> str:
        async with Agent(model).run_stream(service.question) as answer:
            return "".join([piece async for piece in answer.stream_text(delta=True)])

    return asyncio.run(read())


@call("OpenAIChatModel")
def run() -> None:
    assert service.fact in Agent(chat(service.quoting)).run_sync(service.question).output


@call("OpenAIChatModel, stream")
def stream() -> None:
    assert service.fact in streamed(chat(service.quoting))


@call("OpenAIChatModel, output tool")
def output_tool() -> None:
    answer: Any = Agent(chat(service.chat), output_type=Paint).run_sync(service.question)
    assert answer.output.colour in ("red", "blue")


@call("OpenAIChatModel, native output")
def native() -> None:
    answer: Any = Agent(chat(service.chat), output_type=NativeOutput(Paint)).run_sync(service.question)
    assert answer.output.colour in ("red", "blue")


@call("OpenAIResponsesModel")
def run_responses() -> None:
    assert service.fact in Agent(responses(service.quoting)).run_sync(service.question).output


@call("OpenAIResponsesModel, stream")
def stream_responses() -> None:
    assert service.fact in streamed(responses(service.quoting))


@call("OpenAIResponsesModel, output tool")
def output_tool_responses() -> None:
    answer: Any = Agent(responses(service.chat), output_type=Paint).run_sync(service.question)
    assert answer.output.colour in ("red", "blue")


report("pydantic-ai-slim")
