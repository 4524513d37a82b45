"""Several upstream servers in one Sidecar: their models by name, the ones that are away, and what the status tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidecar.chat import ChatRequest
from sidecar.config import Config
from sidecar.embedding.llama import LlamaEmbeddingModel
from sidecar.errors import ConfigError, ModelNotFoundError, UpstreamError
from sidecar.inference.llama import LlamaChatModel
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.runtime.model_choice import EXTRACTIVE
from sidecar.runtime.runtime import Runtime, open_runtime
from sidecar.runtime.upstreams import Upstreams, open_upstreams
from sidecar.upstream.server import Upstream
from tests.inference.programs import CHAT, Ollama, play_vllm, program
from tests.inference.upstream_server import DEADLINE, Parts, UpstreamServer, closed_port, upstream_server
from tests.models import tiny_bert, tiny_chat

pytestmark = pytest.mark.anyio
HI = ChatRequest(messages=[{"role": "user", "content": "hi"}])


@asynccontextmanager
async def running(tmp_path: Path, *, vaults: tuple[str, ...] = ("Garden",), **settings: Any) -> AsyncIterator[Runtime]:
    folders = tuple(tmp_path / name for name in vaults)
    for folder in folders:
        folder.mkdir(exist_ok=True)
    config = Config(vaults=folders, data_dir=tmp_path / "data", **{"embedding_model": "none", **settings})
    async with open_runtime(config) as runtime:
        yield runtime


async def said(runtime: Runtime, model_id: str) -> str:
    target = runtime.chat_target(model_id)
    return "".join([delta.content async for delta in runtime.answer(target, HI)])


def ids(runtime: Runtime) -> set[str]:
    return {entry.id for entry in runtime.model_entries()}


async def upstream_status(runtime: Runtime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await runtime.status())["upstreams"]
    return found


@asynccontextmanager
async def two() -> AsyncIterator[tuple[UpstreamServer, UpstreamServer]]:
    ollama = Ollama(windows={"llama3": 8192, "nomic-embed-text": 2048})
    async with program(ollama.play) as near, program(partial(play_vllm, window=4096)) as far:
        yield near, far


async def test_the_models_of_named_servers_are_listed_and_answer_under_their_servers_name(tmp_path: Path) -> None:
    async with two() as (near, far):
        named = {"gpu": {"url": f"{far.url}/v1", "key": "sk-1"}}
        async with running(tmp_path, upstream=near.url, upstreams=named) as runtime:
            await runtime.refresh_models()
            assert {"llama3", "gpu/tiny", "Garden/llama3", "Garden/gpu/tiny"} <= ids(runtime)
            assert await said(runtime, "gpu/tiny") == "Hello"
            assert far.asked(CHAT)[-1].body["model"] == "tiny"
            assert far.asked(CHAT)[-1].headers["authorization"] == "Bearer sk-1"
            assert runtime.chat_target("Garden/gpu/tiny").vault is runtime.vault("Garden")
            assert all("authorization" not in seen.headers for seen in near.seen)
            with pytest.raises(ModelNotFoundError):
                runtime.chat_target("gpu/other")


async def test_a_settings_model_may_be_on_a_named_server(tmp_path: Path) -> None:
    async with two() as (near, far):
        named = {"gpu": {"url": far.url}, "near": {"url": near.url}}
        settings: dict[str, Any] = {"model": "gpu/tiny", "embedding_model": "near/nomic-embed-text", "upstreams": named}
        async with running(tmp_path, **settings) as runtime:
            assert runtime.chat_target("vault").model.name == "gpu/tiny"
            assert await said(runtime, "gpt-4o") == "Hello"
            embedding = runtime.embedding_model("near/nomic-embed-text")
            assert (await embedding.embed(["a b"], kind="query")).vectors.shape == (1, 2)
            assert near.asked("/api/embed")[-1].body["model"] == "nomic-embed-text"


async def test_a_server_that_is_away_at_the_start_costs_nothing_and_is_believed_later(tmp_path: Path) -> None:
    port = closed_port()
    async with running(tmp_path, upstreams={"gpu": {"url": f"http://127.0.0.1:{port}"}}) as runtime:
        await runtime.refresh_models()
        assert "gpu/tiny" not in ids(runtime)
        (status,) = await upstream_status(runtime)
        assert (status["reached"], status["models"]) == (False, 0)
        assert "cannot be reached" in status["problem"]
        with pytest.raises(UpstreamError, match="gpu cannot be reached"):
            await said(runtime, "gpu/tiny")


async def test_the_default_server_may_come_later_and_then_answers(tmp_path: Path) -> None:
    async with upstream_server(models=()) as server:
        server.reply("/v1/models", Parts(then="cut"))
        async with running(tmp_path, upstream=server.url) as runtime:
            assert runtime.chat_target("vault").model.name == EXTRACTIVE
            assert any("quotations" in notice for notice in runtime.notices)
            play_vllm(server, window=4096)
            await runtime.refresh_models()
            assert runtime.chat_target("vault").model.name == "tiny"
            assert await said(runtime, "tiny") == "Hello"


async def test_no_server_can_stand_in_front_of_the_default_one(tmp_path: Path) -> None:
    """Else the default one would be neither refused offline nor told about."""
    named = {"default": {"url": "http://127.0.0.1:2"}}
    with pytest.raises(ConfigError, match="'default'"):
        open_upstreams(Config(data_dir=tmp_path, upstream="http://192.0.2.1", upstreams=named, offline=True))
    assert open_upstreams(Config(data_dir=tmp_path, upstreams=named)).find("default/tiny")


async def test_a_file_is_used_by_its_name_where_the_server_has_no_such_model(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    tiny_chat.build(tmp_path / "models" / "qwen.gguf")
    tiny_bert.build(tmp_path / "models" / "small-bert.gguf")
    async with program(Ollama(windows={"llama3:latest": 8192, "both": 8192}).play) as server:
        tiny_chat.build(tmp_path / "models" / "both.gguf")
        settings: dict[str, Any] = {"upstream": server.url, "models_dir": tmp_path / "models"}
        async with running(tmp_path, model="qwen", embedding_model="small-bert", **settings) as runtime:
            assert isinstance(runtime.chat_target("vault").model, LlamaChatModel)
            assert isinstance(runtime.embedding_model("small-bert"), LlamaEmbeddingModel)
        for name in ("both", "llama3", "not-fetched-yet"):
            async with running(tmp_path, model=name, **settings) as runtime:
                assert isinstance(runtime.chat_target("vault").model, UpstreamChatModel)


async def test_a_server_that_is_away_is_waited_for_though_a_file_has_the_models_name(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    tiny_chat.build(tmp_path / "models" / "qwen.gguf")
    settings: dict[str, Any] = {"upstream": f"http://127.0.0.1:{closed_port()}", "models_dir": tmp_path / "models"}
    async with running(tmp_path, model="qwen", **settings) as runtime:
        assert isinstance(runtime.chat_target("vault").model, UpstreamChatModel)


async def test_a_vault_wins_over_a_server_of_the_same_name(tmp_path: Path) -> None:
    async with program(partial(play_vllm, window=4096)) as far:
        settings: dict[str, Any] = {"vaults": ("gpu",), "upstreams": {"gpu": {"url": far.url}}}
        async with running(tmp_path, **settings) as runtime:
            await runtime.refresh_models()
            assert "gpu/tiny" not in ids(runtime)
            with pytest.raises(ModelNotFoundError):
                runtime.chat_target("gpu/tiny")
            assert runtime.chat_target(f"gpu/{EXTRACTIVE}").vault is runtime.vault("gpu")
            assert any("'gpu' has the name of a vault" in notice for notice in runtime.notices)


async def test_the_status_tells_every_server_and_no_secret(tmp_path: Path) -> None:
    async with two() as (near, far):
        settings: dict[str, Any] = {
            "upstream": f"http://me:hidden@127.0.0.1:{near.port}/v1",
            "upstream_key": "sk-hidden",
            "upstreams": {"gpu": {"url": far.url, "key": "sk-hidden"}, "lan": {"url": "http://gpu-box:8000/v1"}},
        }
        async with running(tmp_path, **settings) as runtime:
            default, gpu, lan = await upstream_status(runtime)
            assert (default["name"], default["kind"], default["url"]) == ("default", "ollama", near.url)
            assert (default["reached"], default["models"], default["problem"]) == (True, 2, None)
            assert (gpu["name"], gpu["on_this_machine"], lan["on_this_machine"]) == ("gpu", True, False)
            assert "hidden" not in json.dumps([default, gpu, lan])


@pytest.mark.parametrize(
    "settings",
    [
        {"upstream": "http://192.168.1.20:8000/v1"},
        {"upstreams": {"gpu": {"url": "http://gpu-box:8000"}}},
        {"upstream": "http://127.0.0.1:1", "upstreams": {"gpu": {"url": "https://api.example.com/v1"}}},
    ],
)
async def test_offline_a_server_elsewhere_is_refused_with_its_setting(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="offline") as refused:
        async with running(tmp_path, offline=True, **settings):
            pass
    assert refused.value.hint


async def test_offline_a_server_on_this_machine_is_used_and_its_cloud_models_are_not(tmp_path: Path) -> None:
    ollama = Ollama(windows={"llama3": 8192, "gpt-oss:120b-cloud": 8192})
    async with program(ollama.play) as server, running(tmp_path, offline=True, upstream=server.url) as runtime:
        assert await said(runtime, "llama3") == "Hello"
        assert not runtime.chat_target("gpt-oss:120b-cloud").model.on_this_machine
        with pytest.raises(UpstreamError, match="offline"):
            await said(runtime, "gpt-oss:120b-cloud")
        assert [seen.body["model"] for seen in server.asked("/api/chat")] == ["llama3"]


@pytest.mark.parametrize("settings", [{"model": "llama3"}, {"model": "lan/llama3"}, {"embedding_model": "nomic"}])
async def test_a_model_on_no_known_server_is_a_mistake_in_the_settings(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError) as refused:
        async with running(tmp_path, upstreams={"gpu": {"url": "http://127.0.0.1:1"}}, **settings):
            pass
    assert refused.value.hint


async def test_a_context_length_in_the_settings_is_what_ollama_is_asked_for(tmp_path: Path) -> None:
    async with program(Ollama(windows={"llama3": 131072}).play) as server:
        settings: dict[str, Any] = {"upstream": server.url, "context_length": 20000}
        async with running(tmp_path, **settings) as runtime:
            await said(runtime, "llama3")
            assert server.asked("/api/chat")[-1].body["options"]["num_ctx"] == 20000


async def test_servers_are_asked_again_sooner_while_one_is_away() -> None:
    waits: list[float] = []
    waited_twice = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            waited_twice.set()
            await asyncio.Event().wait()

    async with two() as (near, _), asyncio.timeout(DEADLINE):
        away = Upstream(f"http://127.0.0.1:{closed_port()}", api_key=None, retries=0)
        upstreams = Upstreams(default=Upstream(near.url, api_key=None), named={"away": away})
        task = asyncio.create_task(upstreams.keep_fresh(sleep=sleep))
        await waited_twice.wait()
        task.cancel()
        assert waits == [30.0, 30.0]
        await upstreams.aclose()


def test_a_servers_name_goes_before_a_slash_in_a_models(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, upstream="http://127.0.0.1:1", upstreams={"qwen": {"url": "http://127.0.0.1:2"}})
    upstreams = open_upstreams(config)
    assert upstreams.find("qwen/qwen3-8b") == (upstreams.named["qwen"], "qwen3-8b")
    assert upstreams.find("other/qwen3-8b") == (upstreams.default, "other/qwen3-8b")
    assert upstreams.find("qwen/") == (upstreams.default, "qwen/")
