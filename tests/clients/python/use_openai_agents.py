"""OpenAI's Agents SDK: Responses by default, file search over the vault, a function tool."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from agents import (  # type: ignore[import-not-found]  # in an environment of its own
    Agent,
    FileSearchTool,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from tests.clients.python.harness import call, report, service

set_tracing_disabled(True)


def run(*, model: str, kind: Any = OpenAIResponsesModel, **more: Any) -> Any:
    async def inner() -> Any:
        async with AsyncOpenAI(base_url=service.base, api_key=service.key, max_retries=0, timeout=60) as client:
            agent: Any = Agent(name="Helper", model=kind(model, client), **more)
            return await Runner.run(agent, service.question, max_turns=3)

    return asyncio.run(inner())


@call("Runner.run")
def answer() -> None:
    assert service.fact in run(model=service.quoting, instructions="Be brief.").final_output


@call("Runner.run, chat completions")
def answer_chat() -> None:
    assert service.fact in run(model=service.quoting, kind=OpenAIChatCompletionsModel).final_output


@call("Runner.run_streamed")
def streamed() -> None:
    async def inner() -> Any:
        async with AsyncOpenAI(base_url=service.base, api_key=service.key, max_retries=0, timeout=60) as client:
            agent: Any = Agent(name="Helper", model=OpenAIResponsesModel(service.quoting, client))
            result = Runner.run_streamed(agent, service.question)
            async for _ in result.stream_events():
                pass
            return result.final_output

    assert service.fact in asyncio.run(inner())


@call("Runner.run, FileSearchTool")
def file_search() -> None:
    tool = FileSearchTool(vector_store_ids=["vs_vault"], max_num_results=3, include_search_results=True)
    result = run(model=service.quoting, tools=[tool])
    assert service.fact in result.final_output
    (searched,) = [item.raw_item for item in result.new_items if item.type == "tool_call_item"]
    assert searched.type == "file_search_call"
    assert any(service.fact in found.text for found in searched.results)


@call("Runner.run, function tool")
def function() -> None:
    painted: list[str] = []

    def paint(colour: Literal["red", "blue"]) -> str:
        """Paint the fence."""
        painted.append(colour)
        return "done"

    settings = ModelSettings(tool_choice="paint")
    # The SDK lets the model choose freely after the first call, so that it cannot go round for ever.
    run(model=service.chat, tools=[function_tool(paint)], model_settings=settings)
    assert len(painted) == 1, painted


report("openai-agents")
