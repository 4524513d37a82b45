"""Which program an upstream is, what it tells of its window, and what is remembered of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse

from sidecar.errors import ConfigError, UpstreamError
from sidecar.inference.model import Completion
from sidecar.inference.upstream import UpstreamChatModel
from sidecar.offline.address import is_this_machine
from sidecar.upstream.kind import ServerKind
from sidecar.upstream.lines import MAX_LINE, lines
from sidecar.upstream.server import Upstream
from tests.inference.programs import (
    CHAT,
    Ollama,
    play_koboldcpp,
    play_llama_server,
    play_lm_studio,
    play_localai,
    play_vllm,
    program,
)
from tests.inference.upstream_server import DEADLINE, Parts, UpstreamServer, closed_port, upstream_server

pytestmark = pytest.mark.anyio
Play = Callable[[UpstreamServer], None]


@asynccontextmanager
async def opened(server: UpstreamServer | str) -> AsyncIterator[Upstream]:
    upstream = Upstream(server if isinstance(server, str) else server.url, api_key=None, retries=0)
    try:
        yield upstream
    finally:
        await upstream.aclose()


def play_textgen(server: UpstreamServer) -> None:
    server.reply("/v1/models", {"data": [{"id": "tiny", "owned_by": "user"}]})
    server.reply("/v1/internal/model/info", {"model_name": "tiny", "lora_names": []})


def play_sidecar(server: UpstreamServer) -> None:
    """It imitates Ollama and LM Studio beside its own routes."""
    Ollama(windows={"tiny": 8192}).play(server)
    play_lm_studio(server, loaded=8192)
    server.reply("/v1/models", {"data": [{"id": "tiny", "owned_by": "sidecar"}]})


def play_old_llama_server(server: UpstreamServer) -> None:
    server.reply("/v1/models", {"data": [{"id": "tiny"}]})
    server.reply("/props", {"default_generation_settings": {"n_ctx": 2048}})


def play_openai(server: UpstreamServer) -> None:
    server.reply("/v1/models", {"data": [{"id": "tiny", "owned_by": "openai"}]})


PROGRAMS: list[tuple[Play, ServerKind, str, int | None]] = [
    (Ollama(windows={"tiny": 131072}).play, "ollama", "tiny", 4096),
    (Ollama(windows={"tiny": 131072}, num_ctx={"tiny": 16384}).play, "ollama", "tiny", 16384),
    (Ollama(windows={"tiny": 131072}, loaded={"tiny": 32768}).play, "ollama", "tiny", 32768),
    (Ollama(windows={"tiny": 2048}).play, "ollama", "tiny", 2048),
    (partial(play_lm_studio, loaded=6000), "lm-studio", "tiny", 6000),
    (partial(play_lm_studio, loaded=None), "lm-studio", "tiny", 4096),
    (partial(play_llama_server, window=3000), "llama-server", "tiny", 3000),
    (partial(play_llama_server, window=3000, in_list=False), "llama-server", "tiny", 3000),
    (play_old_llama_server, "llama-server", "tiny", 2048),
    (partial(play_vllm, window=32768), "vllm", "tiny", 32768),
    (partial(play_localai, window=12000), "localai", "tiny", 12000),
    (partial(play_koboldcpp, window=6144), "koboldcpp", "koboldcpp/tiny", 6144),
    (play_textgen, "textgen", "tiny", None),
    (play_sidecar, "sidecar", "tiny", 8192),
    (play_openai, "openai", "tiny", None),
]


@pytest.mark.parametrize(("play", "kind", "model", "window"), PROGRAMS)
async def test_each_program_is_told_by_its_answers_and_asked_for_its_window(
    play: Play, kind: ServerKind, model: str, window: int | None
) -> None:
    async with program(play) as server, opened(server) as upstream:
        assert [upstream.known_kind] == [None]
        assert await upstream.kind() == kind == upstream.known_kind
        assert await upstream.context_length(model) == window


async def test_a_kind_is_found_out_once() -> None:
    async with program(Ollama(windows={"tiny": 4096}).play) as server, opened(server) as upstream:
        await asyncio.gather(*(upstream.kind() for _ in range(5)))
        assert len(server.asked("/api/version")) == 1


async def test_messages_call_a_server_by_its_program_once_that_is_known() -> None:
    async with program(partial(play_vllm, window=10)) as server, opened(server) as upstream:
        assert upstream.name == f"127.0.0.1:{server.port}"
        await upstream.kind()
        assert upstream.name == "vLLM"


async def test_a_server_that_went_away_is_recognised_anew_when_it_is_back() -> None:
    async with program(partial(play_vllm, window=10)) as server, opened(server) as upstream:
        await upstream.kind()
        assert await upstream.context_length("tiny") == 10
        server.reply("/v1/embeddings", Parts(then="cut"))
        with pytest.raises(UpstreamError):
            await upstream.post_json("embeddings", {})
        play_llama_server(server, window=77)
        assert await upstream.kind() == "llama-server"
        assert await upstream.context_length("tiny") == 77


@pytest.mark.parametrize(
    ("version", "refuses"), [("0.12.5", False), ("0.12.6", True), ("0.13.0-rc1", True), ("0.0.0", False)]
)
async def test_only_a_newer_ollama_refuses_what_is_too_long(version: str, refuses: bool) -> None:
    async with program(Ollama(windows={"tiny": 4096}, version=version).play) as server, opened(server) as upstream:
        assert await upstream.refuses_long() is refuses


async def test_models_that_ollama_passes_on_are_known_by_name_and_by_what_it_says() -> None:
    ollama = Ollama(windows={"here": 4096, "gpt-oss:120b-cloud": 4096, "renamed": 4096}, remote=frozenset({"renamed"}))
    async with program(ollama.play) as server, opened(server) as upstream:
        assert upstream.runs_elsewhere("glm-4.6:cloud")
        await upstream.kind()
        elsewhere = {model.id: upstream.runs_elsewhere(model.id) for model in await upstream.models()}
        assert elsewhere == {"here": False, "gpt-oss:120b-cloud": True, "renamed": True}


async def test_what_ollama_says_only_embeds_is_no_chat_model() -> None:
    ollama = Ollama(windows={"strange-name": 512}, capabilities=("embedding",))
    async with program(ollama.play) as server, opened(server) as upstream:
        await upstream.kind()
        assert [model.kind for model in upstream.known_models()] == ["embedding"]


# This machine


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.20", False),
        ("10.0.0.1", False),
        ("169.254.1.1", False),
        ("my-laptop", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("2130706433", False),
        ("127.1", False),
        ("0x7f.1", False),
        ("127.0.0.1%2eexample.com", False),
        ("::127.0.0.1", False),
        ("fe80::1", False),
        ("", False),
    ],
)
def test_only_loopback_counts_as_this_machine(host: str, here: bool) -> None:
    assert is_this_machine(host) is here


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@example.com/v1",
        "http://127.0.0.1:11434@example.com",
        "http://localhost\\@example.com",
        "http://localhost.example.com",
        "http://localhost%00.example.com",
    ],
)
def test_a_url_that_only_looks_like_this_machine_is_another_one(url: str) -> None:
    assert not Upstream(url, api_key=None).on_this_machine


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_that_does_not_exist_is_said(port: int) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        Upstream(f"http://127.0.0.1:{port}", api_key=None)


def test_listening_on_every_address_is_reached_on_this_machine() -> None:
    assert Upstream("http://[::]:11434", api_key=None).url == "http://127.0.0.1:11434"


async def test_another_program_on_the_same_port_is_recognised_after_one_failure() -> None:
    async with program(partial(play_vllm, window=4096)) as server:
        upstream = Upstream(server.url, api_key=None, retries=0)
        model = UpstreamChatModel(upstream, "tiny")
        completion = Completion(messages=[{"role": "user", "content": "hi"}])
        assert "Hello" in [delta.content async for delta in model.stream(completion)]
        server.reply(CHAT, JSONResponse({"error": "not here"}, 404))
        server.reply("/tokenize", JSONResponse({"error": "not here"}, 404))
        changed = Ollama(windows={"tiny": 8192})
        changed.play(server)
        server.reply(CHAT, JSONResponse({"error": "not here"}, 404))
        with pytest.raises(UpstreamError):
            await anext(model.stream(completion))
        assert "Hello" in [delta.content async for delta in model.stream(completion)]
        assert upstream.known_kind == "ollama"
        await upstream.aclose()


async def test_another_program_is_recognised_by_the_owners_of_its_models() -> None:
    now = 0.0
    async with program(partial(play_vllm, window=4096)) as server:
        upstream = Upstream(server.url, api_key=None, clock=lambda: now)
        assert await upstream.kind() == "vllm"
        Ollama(windows={"tiny": 8192}).play(server)
        now = 61.0
        await upstream.models()
        assert await upstream.kind() == "ollama"
        await upstream.aclose()


def test_a_cloud_model_is_elsewhere_by_its_name_though_the_server_does_not_list_it() -> None:
    upstream = Upstream("http://127.0.0.1:11434", api_key=None)
    assert upstream.runs_elsewhere("gpt-oss:120b-cloud")


async def test_a_cloud_model_that_is_not_listed_stays_elsewhere_once_others_are() -> None:
    async with program(Ollama(windows={"tiny": 8192}).play) as server:
        upstream = Upstream(server.url, api_key=None)
        await upstream.kind()
        assert upstream.runs_elsewhere("glm-4.6:cloud")
        assert not upstream.runs_elsewhere("tiny")
        await upstream.aclose()


def test_a_server_tells_whether_it_is_on_this_machine() -> None:
    places = {
        url: Upstream(url, api_key=None).on_this_machine for url in ("localhost:1", "http://[::1]:2", "gpu-box:8000")
    }
    assert list(places.values()) == [True, True, False]


# Health


async def test_health_tells_what_the_last_requests_showed() -> None:
    async with upstream_server() as server, opened(server) as upstream:
        assert (upstream.health.reached, upstream.health.problem) == (None, None)
        await upstream.models()
        assert upstream.health.reached
        assert upstream.health.last_reached
        server.reply("/v1/embeddings", JSONResponse({"error": "no such model"}, 404))
        with pytest.raises(UpstreamError):
            await upstream.post_json("embeddings", {})
        assert upstream.health.problem is None
        server.reply("/v1/embeddings", JSONResponse({"error": "wrong key"}, 401), {"ok": True})
        with pytest.raises(UpstreamError):
            await upstream.post_json("embeddings", {})
        assert (upstream.health.reached, "wrong key" in str(upstream.health.problem)) == (True, True)
        await upstream.post_json("embeddings", {})
        assert upstream.health.problem is None


async def test_a_server_that_is_away_is_told_as_not_reached() -> None:
    async with opened(f"http://127.0.0.1:{closed_port()}") as upstream:
        with pytest.raises(UpstreamError):
            await upstream.kind()
        assert upstream.health.reached is False
        assert "cannot be reached" in str(upstream.health.problem)


async def test_a_path_that_hangs_makes_no_server_ill() -> None:
    async with upstream_server() as server, asyncio.timeout(DEADLINE):
        server.reply("/api/version", Parts(then="cut"))
        async with opened(server) as upstream:
            assert await upstream.kind() == "openai"
            assert upstream.health.reached
            assert upstream.health.problem is None


async def test_a_notice_is_kept_once_and_old_ones_make_room() -> None:
    async with opened("localhost:1") as upstream:
        for number in [1, 1, *range(30)]:
            upstream.notice(f"notice {number}")
        assert len(upstream.notices) == 20
        assert upstream.notices[-1] == "notice 29"


# Lines

STREAM = '{"a": 1}\n\n{"b": "é漢🙂"}\r\n  \n{"c": 3}'.encode()


async def parsed(*pieces: bytes) -> list[str]:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece

    return [text async for text in lines(chunks())]


@given(cuts=st.sets(st.integers(min_value=0, max_value=len(STREAM))))
async def test_lines_are_the_same_wherever_the_bytes_are_cut(cuts: set[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    found = await parsed(*(STREAM[left:right] for left, right in pairwise(borders)))
    assert found == ['{"a": 1}', '{"b": "é漢🙂"}', '{"c": 3}']


async def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(UpstreamError):
        await parsed(*[b"x" * 2**20] * (MAX_LINE // 2**20 + 1))
