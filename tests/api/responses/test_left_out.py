"""What was found and a model was not given is told to the client: notes that stay here, passages without room."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.config import Config
from sidecar.runtime.runtime import open_runtime
from tests.api.responses.test_file_search import serving
from tests.inference.programs import Ollama, program
from tests.inference.upstream_server import UpstreamServer

pytestmark = pytest.mark.anyio

QUESTION = "What did the repair of the boiler cost?"
MESSAGES = [{"role": "user", "content": QUESTION}]
SEARCH = {"type": "file_search", "vector_store_ids": ["vs_vault"]}


@asynccontextmanager
async def asked(
    folder: Path, notes: dict[str, str], **played: Any
) -> AsyncIterator[tuple[httpx2.AsyncClient, UpstreamServer]]:
    """A server over a vault, whose model an Ollama plays."""
    for path, text in notes.items():
        (folder / "vault" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "vault" / path).write_text(text, encoding="utf-8")
    async with program(Ollama(**{"windows": {"tiny": 8192}, **played}).play) as upstream:
        config = Config(
            vaults=(folder / "vault",),
            data_dir=folder / "data",
            embedding_model="none",
            upstream=upstream.url,
            model="tiny",
            local_only=("Journal",),
            auth=False,
        )
        async with open_runtime(config) as runtime:
            await runtime.refresh_models()
            await runtime.vault(None).index(accept_removals=False, measure=False)
            async with serving(runtime) as client:
                yield client, upstream


async def post(client: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json={"model": "vault", **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def last(client: httpx2.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    """The last JSON object of a stream."""
    answer = await client.post(path, json={"model": "vault", "stream": True, **body})
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n") if line.startswith(("data: {", "{"))]
    found: dict[str, Any] = json.loads(lines[-1])
    return found


@pytest.mark.parametrize("most", [1, 2, 5])
async def test_local_hits_do_not_use_up_the_results_of_a_model_elsewhere(tmp_path: Path, most: int) -> None:
    notes = {f"Journal/{n}.md": "The boiler, the boiler: its repair cost marmalade." for n in range(6)}
    notes["b.md"] = "The boiler and its repair are in the cellar, says Rosa."
    async with asked(tmp_path, notes, remote=frozenset({"tiny"})) as (client, upstream):
        search = {**SEARCH, "max_num_results": most}
        body = {"input": QUESTION, "tools": [search], "include": ["file_search_call.results"]}
        answer = await post(client, "/responses", **body)
        prompt = json.dumps(upstream.asked("/api/chat")[-1].body)
    assert "Rosa" in prompt
    assert "marmalade" not in prompt
    (call,) = [item for item in answer["output"] if item["type"] == "file_search_call"]
    assert len(call["results"]) == most
    assert answer["vault"]["withheld"] == most


LONG = {f"{n}.md": f"The repair of the boiler cost {n}. " + "The boiler was mended. " * 40 for n in range(6)}


async def test_passages_without_room_are_told_by_every_route(tmp_path: Path) -> None:
    async with asked(tmp_path, LONG, windows={"tiny": 1024}) as (client, upstream):
        answers = {
            "chat": await post(client, "/chat/completions", messages=MESSAGES),
            "chat streamed": await last(client, "/chat/completions", messages=MESSAGES),
            "responses": await post(client, "/responses", input=QUESTION),
            "responses with file_search": await post(client, "/responses", input=QUESTION, tools=[SEARCH]),
            "responses streamed": (await last(client, "/responses", input=QUESTION))["response"],
            "completions": await post(client, "/completions", prompt=QUESTION),
            "completions streamed": await last(client, "/completions", prompt=QUESTION),
            "Ollama": await last(client, "/../api/chat", messages=MESSAGES),
        }
        sent = upstream.asked("/api/chat")[-1].body["messages"][-1]["content"]
    assert len(LONG) > sent.count("The repair of the boiler cost") > 0
    told = {way: answer["vault"]["trimmed"] for way, answer in answers.items()}
    assert set(told.values()) == {told["chat"]}
    assert told["chat"] >= len(LONG) - sent.count("The repair of the boiler cost")
    assert "withheld" not in answers["chat"]["vault"]


async def test_nothing_is_told_where_everything_has_room(tmp_path: Path) -> None:
    async with asked(tmp_path, {"a.md": "The repair of the boiler cost 240."}) as (client, _):
        assert set((await post(client, "/chat/completions", messages=MESSAGES))["vault"]) == {"sources"}
        assert "vault" not in await post(client, "/completions", prompt=QUESTION)


async def test_a_conversation_without_room_of_its_own_is_refused_with_both_numbers(tmp_path: Path) -> None:
    async with asked(tmp_path, LONG, windows={"tiny": 512}) as (client, upstream):
        messages = [{"role": "user", "content": "boiler " * 4000}]
        answer = await client.post("/chat/completions", json={"model": "vault", "messages": messages})
        assert upstream.asked("/api/chat") == []
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "context_length_exceeded"
    assert "512" in error["message"]
    assert any(character.isdigit() for character in error["message"].replace("512", ""))
