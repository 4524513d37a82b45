"""Plugins whose parsers take no care, over a raw socket: framing, headers and tolerance that they cannot do without."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import naive
from tests.clients.wire import Answer, ask
from tests.serving import DEMO_VAULT, Server, serve

pytestmark = pytest.mark.clients

EXTENSION = "chrome-extension://cnjifjpddelmedmihgijeibhnjfabmlf"
QUESTION = "What is the gate code for the cabin?"
FACT = "4471-B"
STREAMING: list[Callable[[Iterable[bytes]], str]] = [
    naive.bmo,
    naive.text_generator,
    naive.smart_connections,
    naive.copilot_buffered,
]
REQUESTED_HEADERS = (
    "authorization, content-type, x-stainless-arch, x-stainless-async, x-stainless-helper-method, x-stainless-lang, "
    "x-stainless-os, x-stainless-package-version, x-stainless-retry-count, x-stainless-runtime, "
    "x-stainless-runtime-version, x-stainless-timeout, openai-organization, openai-project, openai-beta, "
    "http-referer, x-title, user-agent"
)


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory, copybot_gguf: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("keyless")
    config = folder / "config.toml"
    config.write_text(f'allowed_origins = ["app://obsidian.md", "{EXTENSION}"]\n', encoding="utf-8")
    with serve(
        DEMO_VAULT, "--model", copybot_gguf, "--no-auth", "--config", config, data_dir=folder / "data"
    ) as server:
        yield server


def chat(server: Server, *, path: str = "/v1/chat/completions", size: int = 65536, **more: Any) -> Answer:
    headers = more.pop("headers", None)
    body = {"model": "demo/extractive", "messages": [{"role": "user", "content": QUESTION}], **more}
    return ask(server.url, "POST", path, body=body, headers=headers, size=size)


@pytest.mark.parametrize("parse", STREAMING, ids=lambda parse: parse.__name__)
@pytest.mark.parametrize("model", ["demo/extractive", "vault"])
def test_a_careless_parser_reads_the_whole_answer(
    keyless: Server, parse: Callable[[Iterable[bytes]], str], model: str
) -> None:
    text = parse(chat(keyless, model=model, stream=True).reads)
    assert FACT in text
    assert "undefined" not in text


@pytest.mark.parametrize("parse", STREAMING[:3], ids=lambda parse: parse.__name__)
def test_a_careless_parser_reads_an_answer_that_was_cut(
    keyless: Server, parse: Callable[[Iterable[bytes]], str]
) -> None:
    answer = chat(
        keyless, model="copybot", messages=[{"role": "user", "content": "Say " + "la " * 20}], stream=True, max_tokens=7
    )
    assert '"finish_reason":"length"' in answer.text.replace(" ", "")
    assert parse(answer.reads) == "la la l"


@pytest.mark.parametrize("model", ["demo/extractive", "vault"])
def test_each_event_is_one_write_and_one_line(keyless: Server, model: str) -> None:
    answer = chat(keyless, model=model, stream=True)
    for chunk in answer.chunks:
        assert chunk.startswith(b"data: ")
        assert chunk.endswith(b"\n\n")
        assert chunk.count(b"\n") == 2
    assert answer.chunks[-1] == b"data: [DONE]\n\n"
    assert len(answer.chunks) > 4


def test_no_read_of_the_network_ends_within_an_event(keyless: Server) -> None:
    # A system short of time hands over several events in one read, but hardly all of every answer.
    answers = [chat(keyless, model="vault", stream=True) for _ in range(5)]
    reads = [read for answer in answers for read in answer.reads]
    assert len(reads) > len(answers)
    assert [read for read in reads if not (read.startswith(b"data: ") and read.endswith(b"\n\n"))] == []


def test_the_recorder_notices_reads_that_end_within_an_event(keyless: Server) -> None:
    answer = chat(keyless, stream=True, size=50)
    assert b"".join(answer.reads) == answer.body
    with pytest.raises(json.JSONDecodeError):
        naive.bmo(answer.reads)


def test_a_stream_has_the_headers_that_keep_it_a_stream(keyless: Server) -> None:
    answer = chat(keyless, stream=True, headers={"accept-encoding": "gzip, br"})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "no-cache" in answer.headers["cache-control"] or "no-store" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers
    assert answer.headers["x-request-id"]


def test_the_web_clipper_gets_its_json(keyless: Server) -> None:
    wanted = {"prompts_responses": {"prompt_1": "A cabin."}}
    answer = chat(
        keyless,
        model="copybot",
        stream=False,
        messages=[
            {"role": "system", "content": "Answer with JSON."},
            {"role": "user", "content": f"The page says exactly {json.dumps(wanted)}"},
            {"role": "user", "content": "The page says exactly"},
        ],
        headers={"origin": EXTENSION, "authorization": "Bearer ", "http-referer": "https://obsidian.md/"},
    )
    assert answer.headers["access-control-allow-origin"] == EXTENSION
    assert naive.web_clipper(answer.body) == wanted


@pytest.mark.parametrize(
    "key",
    [
        None,
        "Bearer",
        "Bearer ",
        "Bearer undefined",
        "Bearer DUMMY_KEY",
        "Bearer placeholder-key",
        "Bearer not-required",
        "Bearer default-key",
    ],
)
def test_without_a_key_asked_for_whatever_clients_send_in_its_place_is_taken(keyless: Server, key: str | None) -> None:
    assert chat(keyless, headers={} if key is None else {"authorization": key}).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/v1/chat/completions",
        "//v1//chat/completions/",
        "/v1/chat/completions?max_completion_tokens=100",
    ],
)
def test_a_base_url_however_it_was_typed_reaches_chat(keyless: Server, path: str) -> None:
    assert FACT in chat(keyless, path=path).text


@pytest.mark.parametrize(
    "odd",
    [
        {"temperature": None, "max_tokens": -1},
        {"max_tokens": None, "tools": None, "stop": None, "n": None, "stream_options": None},
        {"stop": ""},
        {"stop": []},
        {"max_tokens": 32000},
        {"client_metadata": {"a": 1}, "prompt_cache_key": "x", "include": [], "reasoning_effort": "low"},
        {"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": QUESTION}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]},
    ],
    ids=json.dumps,
)
def test_what_plugins_send_beside_the_question_does_no_harm(keyless: Server, odd: dict[str, Any]) -> None:
    answer = chat(keyless, **odd)
    assert answer.status == 200, answer.text
    assert FACT in answer.text


@pytest.mark.parametrize("origin", ["app://obsidian.md", EXTENSION])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_preflight_from_obsidian_is_answered_for_every_header_that_clients_send(
    keyless: Server, origin: str, method: str
) -> None:
    answer = ask(
        keyless.url,
        "OPTIONS",
        "/chat/completions",
        headers={
            "origin": origin,
            "access-control-request-method": method,
            "access-control-request-headers": REQUESTED_HEADERS,
            "access-control-request-private-network": "true",
        },
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-headers"] == REQUESTED_HEADERS
    assert method in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/chat/completions", {"model": "no-such-model", "messages": [{"role": "user", "content": "x"}]}, 404),
        ("/v1/chat/completions", {"model": "vault", "messages": []}, 400),
        ("/v1/chat/completions", ["not", "an", "object"], 400),
        ("/v1/embeddings", {"model": "builtin", "input": ""}, 400),
        ("/v1/no/such/path", {}, 404),
        ("/v1/models", {}, 405),
    ],
)
def test_an_error_is_json_of_openais_shape_that_a_page_may_read(
    keyless: Server, path: str, body: Any, status: int
) -> None:
    answer = ask(keyless.url, "POST", path, body=body, headers={"origin": "app://obsidian.md"})
    assert answer.status == status
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["access-control-allow-origin"] == "app://obsidian.md"
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    error = json.loads(answer.body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert isinstance(error["code"], str | None)


def test_a_foreign_origin_gets_no_answer_and_no_preflight(keyless: Server) -> None:
    foreign = {"origin": "https://example.com"}
    asked = chat(keyless, headers=foreign)
    preflight = ask(
        keyless.url, "OPTIONS", "/v1/chat/completions", headers={**foreign, "access-control-request-method": "POST"}
    )
    for answer in (asked, preflight):
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert FACT not in asked.text


def test_smart_connections_finds_its_embedding_model_where_lm_studio_would_have_it(keyless: Server) -> None:
    listed = json.loads(ask(keyless.url, "GET", "/api/v0/models").body)
    assert listed["object"] == "list"
    (model,) = [entry for entry in listed["data"] if entry["type"] == "embeddings"]
    assert model["max_context_length"] > 0
    embedded = ask(keyless.url, "POST", "/api/v0/embeddings", body={"model": model["id"], "input": ["One.", "Two."]})
    assert [len(entry["embedding"]) > 1 for entry in json.loads(embedded.body)["data"]] == [True, True]


def test_copilots_ollama_provider_streams_one_object_a_line(keyless: Server) -> None:
    answer = ask(
        keyless.url,
        "POST",
        "/api/chat",
        body={"model": "demo/extractive", "messages": [{"role": "user", "content": QUESTION}]},
        headers={"origin": "app://obsidian.md", "authorization": "Bearer default-key"},
    )
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert all(chunk.endswith(b"\n") and chunk.count(b"\n") == 1 for chunk in answer.chunks)
    parts = [json.loads(chunk) for chunk in answer.chunks]
    assert FACT in "".join(part["message"]["content"] for part in parts)
    assert [part["done"] for part in parts].index(True) == len(parts) - 1
