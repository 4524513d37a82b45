"""What asks the notes for nothing is answered without a search, and clients are told of none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.config import Config
from sidecar.runtime.runtime import open_runtime
from tests.api.responses.test_file_search import serving

pytestmark = pytest.mark.anyio

TOOL = {"type": "file_search", "vector_store_ids": ["vs_Garden"]}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def client(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx2.AsyncClient]:
    """One server for all: they only ask."""
    vault: Path = tmp_path_factory.mktemp("vaults") / "Garden"
    vault.mkdir()
    (vault / "Hello.md").write_text("Hello, good morning, thanks. A numbat eats termites.", encoding="utf-8")
    config = Config(vaults=(vault,), data_dir=vault.parent / "data", embedding_model="none", auth=False)
    async with open_runtime(config) as runtime:
        for opened in runtime.vaults.values():
            await opened.index(accept_removals=False, measure=False)
        async with serving(runtime) as asking:
            yield asking


async def output(client: httpx2.AsyncClient, text: str, **more: Any) -> list[str]:
    answer = await client.post("/responses", json={"model": "vault", "input": text, "tools": [TOOL], **more})
    assert answer.status_code == 200, answer.text
    return [item["type"] for item in answer.json()["output"]]


@pytest.mark.parametrize("text", ["Hello, good morning!", "thanks 👍", "你好"])
async def test_small_talk_is_answered_without_a_search(client: httpx2.AsyncClient, text: str) -> None:
    assert await output(client, text) == ["message"]


async def test_a_question_and_what_must_be_searched_for_are(client: httpx2.AsyncClient) -> None:
    assert await output(client, "Hello, what does a numbat eat?") == ["file_search_call", "message"]
    assert await output(client, "Hello!", tool_choice="required") == ["file_search_call", "message"]
    assert await output(client, "Which quokka won the zorbing championship?") == ["file_search_call", "message"]
