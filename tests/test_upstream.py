from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from sidecar.errors import ConfigError, UpstreamError
from sidecar.upstream.events import MAX_EVENT, EventParser
from sidecar.upstream.listing import model_list
from sidecar.upstream.local import find_local
from sidecar.upstream.server import Upstream
from tests.inference.programs import Ollama, play_vllm, program
from tests.inference.upstream_server import DEADLINE, DONE, Parts, UpstreamServer, closed_port, event, upstream_server

pytestmark = pytest.mark.anyio
CHAT = "/v1/chat/completions"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Sleeps:
    """Does not sleep; remembers for how long it was asked to."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


@asynccontextmanager
async def opened(base_url: str, *, api_key: str | None = None, **options: Any) -> AsyncIterator[Upstream]:
    upstream = Upstream(base_url, api_key=api_key, **options)
    try:
        yield upstream
    finally:
        await upstream.aclose()


async def collect(upstream: Upstream, found: list[dict[str, Any]]) -> None:
    """Keep what came also when the stream fails."""
    async for one in upstream.stream_events("chat/completions", {}):
        found.append(one)  # noqa: PERF401  # extend() would lose it


async def every_event(upstream: Upstream, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    async with aclosing(upstream.stream_events("chat/completions", body or {})) as events:
        return [found async for found in events]


# The address


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/models/"])
async def test_the_base_url_may_be_written_in_any_way(ending: str) -> None:
    async with upstream_server() as server, opened(server.url + ending) as upstream:
        server.reply("/v1/embeddings", {"data": []})
        assert await upstream.post_json("embeddings", {}) == {"data": []}
        assert upstream.url == server.url


async def test_a_server_without_v1_is_found_even_when_the_url_has_it() -> None:
    async with upstream_server(models=()) as server, opened(server.url + "/v1") as upstream:
        server.reply("/models", {"data": [{"id": "a"}]})
        server.reply("/embeddings", {"data": []})
        assert await upstream.post_json("/embeddings", {}) == {"data": []}


async def test_a_page_at_the_root_is_not_taken_for_the_model_list() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply("/models", HTMLResponse("<html>a web interface</html>"))
        assert [model.id for model in await upstream.models()] == ["tiny"]


async def test_the_address_is_looked_for_once() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply("/v1/embeddings", {"data": []})
        await asyncio.gather(*(upstream.post_json("embeddings", {}) for _ in range(5)))
        assert len(server.asked("/models")) == 1
        assert len(server.asked("/v1/models")) == 1


async def test_a_server_that_lists_no_models_is_still_asked() -> None:
    async with upstream_server(models=()) as server, opened(server.url) as upstream:
        server.reply("/v1/embeddings", {"data": []})
        assert await upstream.post_json("embeddings", {}) == {"data": []}
        with pytest.raises(UpstreamError) as refused:
            await upstream.models()
        assert refused.value.status == 404


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "http://", "http://a b/", "http://127.0.0.1/v1?key=1", "http://[::1"]
)
async def test_what_is_no_http_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Upstream(url, api_key=None)
    assert refused.value.hint


async def test_a_url_without_scheme_and_ollamas_own_listening_address_become_usable() -> None:
    async with opened("0.0.0.0:11434") as upstream:
        assert (upstream.url, upstream.name) == ("http://127.0.0.1:11434", "Ollama")


async def test_a_password_in_the_url_is_sent_and_never_shown() -> None:
    async with upstream_server() as server, opened(f"http://me:secret@127.0.0.1:{server.port}") as upstream:
        await upstream.models()
        assert server.seen[-1].headers["authorization"].startswith("Basic ")
        assert "secret" not in upstream.url + upstream.name


async def test_proxies_from_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    async with upstream_server() as server, opened(server.url) as upstream:
        assert len(await upstream.models()) == 1


async def test_a_redirect_is_an_error_and_not_followed() -> None:
    async with upstream_server() as other, upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, RedirectResponse(f"{other.url}{CHAT}", status_code=307))
        with pytest.raises(UpstreamError, match="redirect") as refused:
            await every_event(upstream)
        assert refused.value.status == 307
        assert not other.seen


# The key


async def test_the_key_is_sent_as_bearer_and_without_one_no_header_is() -> None:
    async with upstream_server() as server:
        for key, expected in (("sk-123", "Bearer sk-123"), (None, None), ("", None)):
            async with opened(server.url, api_key=key) as upstream:
                await upstream.models()
            assert server.seen[-1].headers.get("authorization") == expected


@pytest.mark.parametrize("key", ["sk\r\nX-Evil: 1", "schlüssel"])
async def test_a_key_that_no_header_can_hold_is_refused(key: str) -> None:
    with pytest.raises(ConfigError):
        Upstream("http://127.0.0.1:1", api_key=key)


async def test_a_key_repeated_in_an_error_is_not_passed_on() -> None:
    async with upstream_server() as server, opened(server.url, api_key="sk-very-secret") as upstream:
        server.reply(CHAT, JSONResponse({"error": {"message": "Incorrect key: sk-very-secret"}}, status_code=401))
        with pytest.raises(UpstreamError) as refused:
            await every_event(upstream)
        assert "sk-very-secret" not in refused.value.message
        assert refused.value.hint is not None
        assert "key" in refused.value.hint


# Models


async def test_models_are_asked_for_again_only_after_a_minute() -> None:
    clock = Clock()
    async with upstream_server() as server, opened(server.url + "/v1", clock=clock) as upstream:
        assert upstream.known_models() == ()
        await upstream.models()
        server.reply("/v1/models", {"data": [{"id": "new"}]})
        clock.now += 59
        assert [model.id for model in await upstream.models()] == ["tiny"]
        clock.now += 2
        assert [model.id for model in await upstream.models()] == ["new"]
        assert [model.id for model in upstream.known_models()] == ["new"]
        assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("entry", "kind", "length"),
    [
        ({"id": "a", "max_model_len": 32768}, None, 32768),
        ({"id": "a", "type": "llm", "context_length": 8192}, "chat", 8192),
        ({"id": "a", "type": "embeddings"}, "embedding", None),
        ({"id": "nomic-embed-text:latest"}, "embedding", None),
        ({"id": "BAAI/bge-m3"}, "embedding", None),
        ({"id": "sentence-transformers/all-MiniLM-L6-v2"}, "embedding", None),
        ({"id": "a", "type": ["llm"], "context_length": "8192"}, None, None),
        ({"id": "a", "context_length": True}, None, None),
        ({"id": "a", "context_length": -1}, None, None),
    ],
)
async def test_a_model_is_as_its_entry_or_name_says(
    entry: dict[str, Any], kind: str | None, length: int | None
) -> None:
    models = model_list({"data": [entry]})
    assert models is not None
    assert (models[0].kind, models[0].context_length) == (kind, length)


async def test_what_is_no_model_list_is_told_from_an_empty_one() -> None:
    assert model_list({"data": []}) == ()
    assert model_list({"data": [{"id": 3}, "a", None]}) == ()
    others: tuple[object, ...] = ({}, {"data": {}}, [], None, "x", {"error": "Unexpected endpoint"})
    assert [model_list(other) for other in others] == [None] * len(others)


# The context window

OLLAMA_SHOW = {"model_info": {"general.architecture": "llama", "llama.context_length": 131072}}


@pytest.mark.parametrize(
    ("replies", "length"),
    [
        ({"/v1/models": {"data": [{"id": "tiny", "max_model_len": 16384}]}}, 16384),
        ({"/props": {"default_generation_settings": {"n_ctx": 2048}}}, 2048),
        ({"/api/show": {**OLLAMA_SHOW, "parameters": 'stop  "x"\nnum_ctx   8192'}}, 8192),
        ({"/api/show": OLLAMA_SHOW, "/api/ps": {"models": [{"name": "tiny:latest", "context_length": 32768}]}}, 32768),
        ({"/api/show": OLLAMA_SHOW}, 4096),
        ({"/api/show": {"model_info": {"bert.context_length": 512}}}, 512),
        (
            {"/api/v0/models": {"data": [{"id": "tiny", "loaded_context_length": 6000, "max_context_length": 9000}]}},
            6000,
        ),
        ({"/api/v0/models": {"data": [{"id": "tiny", "max_context_length": 131072}]}}, 4096),
        ({}, None),
        ({"/props": {"default_generation_settings": {"n_ctx": "many"}}, "/api/v0/models": {"data": [1]}}, None),
        ({"/api/v0/models": {"error": "Unexpected endpoint"}, "/api/show": {"model_info": []}}, None),
    ],
)
async def test_the_context_window_is_read_from_every_kind_of_server(
    replies: dict[str, dict[str, Any]], length: int | None
) -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        for path, reply in replies.items():
            server.reply(path, reply)
        assert await upstream.context_length("tiny") == length
        asked = len(server.seen)
        assert await upstream.context_length("tiny") == length
        assert len(server.seen) == asked


async def test_the_context_window_of_a_server_that_is_away_is_unknown_until_it_is_back() -> None:
    async with opened(f"http://127.0.0.1:{closed_port()}", sleep=Sleeps()) as upstream:
        assert await upstream.context_length("tiny") is None


# Errors


@pytest.mark.parametrize(
    ("response", "message", "code"),
    [
        (JSONResponse({"error": {"message": "no such model", "code": "gone"}}, 404), "no such model", "gone"),
        (JSONResponse({"error": {"message": "bad", "type": "kind", "code": 400}}, 400), "bad", "kind"),
        (JSONResponse({"error": "model 'x' not found"}, 404), "model 'x' not found", None),
        (JSONResponse({"detail": "Not Found"}, 404), "Not Found", None),
        (JSONResponse({"detail": [{"loc": ["body"], "msg": "field required"}]}, 422), "field required", None),
        (JSONResponse({"object": "error", "message": "too long", "code": 400}, 400), "too long", None),
        (JSONResponse({"error": {}}, 500), "no details", None),
        (JSONResponse([1], 500), "[1]", None),
        (PlainTextResponse("out of memory", 500), "out of memory", None),
        (HTMLResponse("<h1>Bad</h1>", 500), "no details", None),
        (Response(b"[" * 50_000, 400), "[[[", None),
        (Response(b"\xff\xfe", 400), "\ufffd", None),
    ],
)
async def test_every_shape_of_error_becomes_its_message(response: Response, message: str, code: str | None) -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, response)
        for request in (every_event(upstream), upstream.post_json("chat/completions", {})):
            with pytest.raises(UpstreamError) as refused:
                await request
            assert message in refused.value.message
            assert len(refused.value.message) < 3_000
            assert (refused.value.status, refused.value.code) == (response.status_code, code)


async def test_an_error_sent_with_status_200_is_an_error() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, {"error": "Unexpected endpoint or method."})
        with pytest.raises(UpstreamError, match="Unexpected endpoint"):
            await upstream.post_json("chat/completions", {})
        with pytest.raises(UpstreamError, match="Unexpected endpoint"):
            await every_event(upstream)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"{", b"[" * 100_000, b""])
async def test_an_answer_that_is_no_json_object_is_an_error(body: bytes) -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, Response(body, media_type="application/json"))
        with pytest.raises(UpstreamError):
            await upstream.post_json("chat/completions", {})
        with pytest.raises(UpstreamError):
            await every_event(upstream)


async def test_a_server_that_is_away_is_named_in_the_hint() -> None:
    port, sleeps = closed_port(), Sleeps()
    async with opened(f"http://127.0.0.1:{port}/v1", api_key=None, name="Ollama", sleep=sleeps) as upstream:
        with pytest.raises(UpstreamError) as refused:
            await upstream.models()
    assert refused.value.status is None
    assert refused.value.hint == f"Is Ollama running at http://127.0.0.1:{port}?"
    assert len(sleeps.waited) == 2


async def test_silence_longer_than_the_limit_is_an_error() -> None:
    async with upstream_server() as server, opened(server.url, read_timeout=0.2) as upstream:
        await upstream.models()
        server.reply(CHAT, Parts(then="silent"))
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(UpstreamError, match="said nothing"):
                await every_event(upstream)


# Retries


@pytest.mark.parametrize("status", [429, 502, 503])
async def test_a_busy_server_is_asked_again_after_the_time_it_names(status: int) -> None:
    sleeps = Sleeps()
    async with upstream_server() as server, opened(server.url, sleep=sleeps, jitter=lambda: 0.5) as upstream:
        busy = JSONResponse({"error": "busy"}, status, headers={"retry-after": "3"})
        plain = JSONResponse({"error": "busy"}, status)
        server.reply(CHAT, busy, plain, {"ok": True})
        assert await upstream.post_json("chat/completions", {}) == {"ok": True}
        assert sleeps.waited == [3.0, 0.5]


async def test_after_two_repetitions_the_error_stands() -> None:
    sleeps = Sleeps()
    async with upstream_server() as server, opened(server.url, sleep=sleeps) as upstream:
        server.reply(CHAT, JSONResponse({"error": "busy"}, 503))
        with pytest.raises(UpstreamError, match="busy"):
            await every_event(upstream)
        assert len(server.asked(CHAT)) == 3


@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {"retry-after": "6"}), (503, {"retry-after": "86400"}), (500, {}), (400, {}), (504, {})],
)
async def test_long_waits_and_other_errors_are_not_repeated(status: int, headers: dict[str, str]) -> None:
    sleeps = Sleeps()
    async with upstream_server() as server, opened(server.url, sleep=sleeps) as upstream:
        server.reply(CHAT, JSONResponse({"error": "no"}, status, headers=headers))
        with pytest.raises(UpstreamError):
            await every_event(upstream)
        assert len(server.asked(CHAT)) == 1
        assert not sleeps.waited


@pytest.mark.parametrize("parts", [(event(n=1),), ()])
async def test_an_answer_that_breaks_off_is_an_error_and_not_asked_for_again(parts: tuple[bytes, ...]) -> None:
    async with upstream_server() as server, opened(server.url, sleep=Sleeps()) as upstream:
        server.reply(CHAT, Parts(*parts, then="cut"))
        found: list[dict[str, Any]] = []
        with pytest.raises(UpstreamError, match="broke"):
            await collect(upstream, found)
        assert found == [{"n": 1}][: len(parts)]
        assert len(server.asked(CHAT)) == 1


# Streams


async def test_events_arrive_as_they_are_written_and_the_connection_is_used_again() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, Parts(b": hello\r\n\r\n", event(n=1), event(n=2), DONE))
        assert await every_event(upstream, {"stream": True}) == [{"n": 1}, {"n": 2}]
        assert await every_event(upstream) == [{"n": 1}, {"n": 2}]
        first, second = server.asked(CHAT)
        assert first.body == {"stream": True}
        assert first.client == second.client


async def test_a_server_that_does_not_close_after_done_is_not_waited_for() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, Parts(event(n=1), DONE, then="hold"))
        async with asyncio.timeout(DEADLINE):
            assert await every_event(upstream) == [{"n": 1}]
            await server.client_left.wait()


async def test_the_first_event_is_there_before_the_second_is_written() -> None:
    async with upstream_server() as server, opened(server.url) as upstream, asyncio.timeout(DEADLINE):
        server.reply(CHAT, Parts(b'data: {"n": 1}\r\n\r\n', then="hold"))
        async with aclosing(upstream.stream_events("chat/completions", {})) as events:
            assert await anext(events) == {"n": 1}


async def test_closing_the_stream_closes_the_connection() -> None:
    async with upstream_server() as server, opened(server.url) as upstream, asyncio.timeout(DEADLINE):
        server.reply(CHAT, Parts(event(n=1), then="hold"))
        events = upstream.stream_events("chat/completions", {})
        await anext(events)
        await events.aclose()
        await server.client_left.wait()
        assert server.clients_left == 1


@pytest.mark.parametrize("then", ["hold", "silent"])
async def test_cancelling_closes_the_connection_also_before_the_first_byte(then: str) -> None:
    async with upstream_server() as server, opened(server.url) as upstream, asyncio.timeout(DEADLINE):
        server.reply(CHAT, Parts(then=then))
        task = asyncio.create_task(every_event(upstream))
        await server.holding.wait()
        task.cancel()
        await server.client_left.wait()
        assert server.clients_left == 1
        # anyio cancels again at every await, which must not stop the closing.
        server.holding.clear()
        server.client_left.clear()
        async with anyio.create_task_group() as group:
            group.start_soon(every_event, upstream)
            await server.holding.wait()
            group.cancel_scope.cancel()
        await server.client_left.wait()
        assert server.clients_left == 2


async def test_an_error_inside_the_stream_is_raised_with_its_message() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, Parts(event(n=1), event(error={"message": "out of memory", "code": 500}), event(n=2)))
        found: list[dict[str, Any]] = []
        with pytest.raises(UpstreamError, match="out of memory") as failed:
            await collect(upstream, found)
        assert found == [{"n": 1}]
        assert failed.value.status == 500


async def test_plain_json_is_one_event_whatever_its_content_type() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        for kind in ("application/json", "text/plain", "text/event-stream"):
            server.reply(CHAT, Parts(b'\n {"a":', b' "b\xc3', b'\xa9"}', content_type=kind))
            assert await every_event(upstream) == [{"a": "bé"}]


async def test_a_message_with_half_a_surrogate_pair_can_be_sent() -> None:
    async with upstream_server() as server, opened(server.url) as upstream:
        server.reply(CHAT, {"ok": True})
        await upstream.post_json("chat/completions", {"text": "a\ud800é"})
        assert server.seen[-1].body == {"text": "a\ud800é"}


# The parser

STREAM = (
    '\ufeffdata: {"a": 1}\n\n'
    ": comment\r\n"
    'event: message\r\nid: 7\r\ndata:{"b": "é漢🙂"}\r\n\r\n'
    "\r\n\r\n"
    'data: {\rdata: "c": 3}\r\r'
    "data\n\n"
    "retry: 10\n\n"
    'error: {"message": "m"}\n\n'
    "data: [DONE]"
).encode()
PARSED = ['{"a": 1}', '{"b": "é漢🙂"}', '{\n"c": 3}', "", '{"error":{"message": "m"}}', "[DONE]"]


def parsed(*chunks: bytes) -> list[str]:
    parser = EventParser()
    return [data for chunk in chunks for data in parser.feed(chunk)] + list(parser.finish())


@given(cuts=st.sets(st.integers(min_value=0, max_value=len(STREAM))))
def test_events_are_the_same_wherever_the_bytes_are_cut(cuts: set[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[left:right] for left, right in pairwise(borders)]
    assert parsed(*pieces) == PARSED


@given(junk=st.lists(st.binary(max_size=40)))
def test_the_parser_takes_any_bytes(junk: list[bytes]) -> None:
    assert all(isinstance(data, str) for data in parsed(*junk))


@pytest.mark.parametrize("line", [b"data: " + b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_event_without_end_is_refused(line: bytes) -> None:
    parser = EventParser()
    with pytest.raises(UpstreamError):
        any(data for _ in range(MAX_EVENT // 900) for data in parser.feed(line))


# Servers on this machine


async def test_servers_on_this_machine_are_found_with_their_models_and_told_by_their_answers() -> None:
    async with (
        program(Ollama(windows={"llama3": 8192, "qwen3": 8192}).play) as ollama,
        program(partial(play_vllm, window=4096)) as vllm,
        upstream_server(models=("x",)) as other,
        upstream_server(models=()) as page,
    ):
        ports = (closed_port(), ollama.port, vllm.port, other.port, page.port)
        found = await find_local(ports=ports, timeout=DEADLINE)
        assert [(one.name, one.kind, one.base_url) for one in found] == [
            ("Ollama", "ollama", f"{ollama.url}/v1"),
            ("vLLM", "vllm", f"{vllm.url}/v1"),
            (f"a server on port {other.port}", "openai", f"{other.url}/v1"),
        ]
        assert [model.id for model in found[0].models] == ["llama3", "qwen3"]
        assert all("authorization" not in seen.headers for seen in ollama.seen + vllm.seen + other.seen)


async def test_a_port_that_never_answers_costs_the_timeout_and_no_more() -> None:
    async with upstream_server(models=()) as server, asyncio.timeout(DEADLINE):
        server.reply("/v1/models", Parts(then="silent"))
        assert await find_local(ports=(server.port,), timeout=0.2) == ()


def hosts_of(server: UpstreamServer) -> set[str]:
    return {seen.headers["host"] for seen in server.seen}


async def test_only_the_loopback_address_is_asked() -> None:
    async with upstream_server() as server:
        await find_local(ports=(server.port,), timeout=DEADLINE)
        assert hosts_of(server) == {f"127.0.0.1:{server.port}"}
