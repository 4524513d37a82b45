"""Ollama's API, over a real socket: what its own clients and the plugins that know only it rely on."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

import pytest

from sidecar.chat import AnswerDelta
from sidecar.errors import ContextLengthError, ModelUnavailableError, OverloadedError, UpstreamError
from sidecar.inference.model import Usage
from sidecar.protocol.ollama_messages import openai_messages
from tests.api.fakes import TEXT, Script
from tests.api.live import Live, running, until

pytestmark = pytest.mark.anyio

ASK: list[Any] = [{"role": "user", "content": "Which river is longest?"}]
STOP = AnswerDelta(finish_reason="stop", usage=Usage(prompt_tokens=11, completion_tokens=5))
COUNTS = {"done", "done_reason", "total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration"} | {
    "eval_count",
    "eval_duration",
}


def objects(stream: bytes) -> list[dict[str, Any]]:
    """The stream's lines; fails when one is not a whole object of ASCII or an empty line stands among them."""
    assert stream.endswith(b"\n")
    return [json.loads(line) for line in stream.decode("ascii").removesuffix("\n").split("\n")]


async def chat(live: Live, **fields: Any) -> Any:
    return await live.http.post("/api/chat", json={"model": "vault", "messages": ASK, **fields})


async def test_chat_streams_lines_unless_told_otherwise(live: Live) -> None:
    response = await chat(live)
    assert response.headers["content-type"] == "application/x-ndjson"
    *pieces, last = objects(response.content)
    assert all(piece["done"] is False and "done_reason" not in piece for piece in pieces)
    assert all(set(piece) == {"model", "created_at", "message", "done"} for piece in pieces)
    assert all(piece["message"]["role"] == "assistant" for piece in pieces)
    assert "".join(piece["message"]["content"] for piece in pieces) == TEXT
    assert last["message"] == {"role": "assistant", "content": ""}
    assert (last["model"], last["done"], last["done_reason"]) == ("vault", True, "stop")
    assert (last["prompt_eval_count"], last["eval_count"]) == (11, 5)


async def test_a_whole_chat_is_one_object_with_the_citations_in_its_text(live: Live) -> None:
    response = await chat(live, stream=False)
    assert response.headers["content-type"].startswith("application/json")
    body = response.json()
    assert body["message"] == {"role": "assistant", "content": TEXT}
    assert set(body) == {"model", "created_at", "message"} | COUNTS
    assert body["total_duration"] >= body["prompt_eval_duration"] + body["eval_duration"] - 1 > 0
    assert all(isinstance(body[key], int) for key in COUNTS - {"done", "done_reason"})
    created = dt.datetime.fromisoformat(body["created_at"])
    assert body["created_at"].endswith("Z")
    assert abs(created - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


async def test_each_line_is_one_write(live: Live) -> None:
    go = asyncio.Event()
    live.runtime.scripts = [Script(AnswerDelta(content="One"), go, AnswerDelta(content="Two"), STOP)]
    async with live.http.stream("POST", "/api/chat", json={"model": "vault", "messages": ASK}) as response:
        reads = response.aiter_raw()
        first = await anext(reads)
        assert json.loads(first)["message"]["content"] == "One"
        assert first.endswith(b"}\n")
        assert first.count(b"\n") == 1
        go.set()
        rest = b"".join([read async for read in reads])
    assert objects(rest)[0]["message"]["content"] == "Two"


async def test_lines_are_ascii_so_that_no_reader_ends_them_too_early(live: Live) -> None:
    text = "漢字\u2028\x85 🜁 \ud83d\n\r"
    live.runtime.scripts = [Script(AnswerDelta(content=text), STOP)]
    assert objects((await chat(live)).content)[0]["message"]["content"] == text


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cut_answer_says_so(live: Live, stream: bool) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The"), AnswerDelta(finish_reason="length"))]
    last = objects((await chat(live, stream=stream)).content + (b"" if stream else b"\n"))[-1]
    assert (last["done"], last["done_reason"]) == (True, "length")


async def test_an_answer_that_says_nothing_is_still_done(live: Live) -> None:
    live.runtime.scripts = [Script()]
    (last,) = objects((await chat(live)).content)
    assert (last["done"], last["done_reason"], last["eval_count"]) == (True, "stop", 0)
    assert last["eval_duration"] > 0


@pytest.mark.parametrize(
    ("think", "thinking"), [({}, "Hm."), ({"think": True}, "Hm."), ({"think": "high"}, "Hm."), ({"think": False}, None)]
)
async def test_thinking_stands_beside_the_text_unless_it_is_not_wanted(
    live: Live, think: dict[str, Any], thinking: str | None
) -> None:
    script = (AnswerDelta(reasoning="Hm."), AnswerDelta(content="Yes"), STOP)
    live.runtime.scripts = [Script(*script), Script(*script)]
    whole = (await chat(live, stream=False, **think)).json()["message"]
    assert (whole["content"], whole.get("thinking")) == ("Yes", thinking)
    lines = [line["message"] for line in objects((await chat(live, **think)).content)]
    assert [line.get("thinking") for line in lines] == ([thinking] if thinking else []) + [None, None]
    assert [line["content"] for line in lines if not line.get("thinking")] == ["Yes", ""]


async def test_the_depth_of_thinking_is_passed_on(live: Live) -> None:
    await chat(live, think="low")
    await chat(live, think=["low"])
    assert [request.options.get("reasoning_effort") for request in live.runtime.requests] == ["low", None]


CALL_PIECES = (
    ({"index": 0, "id": "call_9", "type": "function", "function": {"name": "add", "arguments": ""}},),
    ({"index": 0, "function": {"arguments": '{"a": '}},),
    ({"index": 0, "function": {"arguments": "1}"}},),
)


@pytest.mark.parametrize("stream", [True, False])
async def test_tool_calls_come_whole_with_arguments_as_an_object(live: Live, stream: bool) -> None:
    pieces = [AnswerDelta(tool_calls=piece) for piece in CALL_PIECES]
    live.runtime.scripts = [Script(*pieces, AnswerDelta(finish_reason="tool_calls"))]
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    answer = objects((await chat(live, tools=[tool], stream=stream)).content + (b"" if stream else b"\n"))
    calls = [line["message"]["tool_calls"] for line in answer if "tool_calls" in line["message"]]
    assert calls == [[{"id": "call_9", "function": {"index": 0, "name": "add", "arguments": {"a": 1}}}]]
    assert (answer[-1]["done"], answer[-1]["done_reason"]) == (True, "stop")
    assert live.runtime.requests[0].options["tools"] == [tool]


@pytest.mark.parametrize("arguments", ["{broken", "[1]", "3", '{"a": NaN}', '{"a": 1e999}', "[" * 100_000, "1" * 9_000])
async def test_arguments_that_are_no_object_are_kept_raw(live: Live, arguments: str) -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "add", "arguments": arguments}}
    live.runtime.scripts = [Script(AnswerDelta(tool_calls=(call,)), STOP)]
    (found,) = (await chat(live, stream=False)).json()["message"]["tool_calls"]
    assert found["function"]["arguments"] == {"raw": arguments}


async def test_what_tools_answered_finds_its_call(live: Live) -> None:
    def call(name: str, **more: Any) -> dict[str, Any]:
        return {"function": {"name": name, "arguments": {"x": 1}}, **more}

    messages = [
        *ASK,
        {"role": "assistant", "content": "", "tool_calls": [call("one"), call("two"), call("one", id="own")]},
        {"role": "tool", "tool_name": "two", "content": "2"},
        {"role": "tool", "content": "1"},
        {"role": "tool", "tool_call_id": "own", "content": "3"},
        {"role": "tool", "content": "none is left"},
    ]
    assert (await chat(live, messages=messages)).status_code == 200
    asked = live.runtime.requests[0].messages
    assert [each["id"] for each in asked[1]["tool_calls"]] == ["call_1_0", "call_1_1", "own"]
    assert asked[1]["tool_calls"][0]["function"] == {"name": "one", "arguments": '{"x": 1}'}
    assert [each["tool_call_id"] for each in asked[2:]] == ["call_1_1", "call_1_0", "own", "call_0"]
    assert asked[2]["name"] == "two"


async def test_tens_of_thousands_of_tool_calls_find_their_answers() -> None:
    count = 20_000
    calls = [{"function": {"name": f"tool{number % 7}"}} for number in range(count)]
    answers = [{"role": "tool", "tool_name": f"tool{number % 7}"} for number in reversed(range(count))]
    asked, *answered = openai_messages([{"role": "assistant", "tool_calls": calls}, *answers])
    ids = [call["id"] for call in asked["tool_calls"]]
    assert sorted(message["tool_call_id"] for message in answered) == sorted(ids)
    assert answered[0]["tool_call_id"] == ids[(count - 1) % 7]


async def test_options_are_put_in_our_words_and_the_rest_is_ignored(live: Live) -> None:
    options = {
        "temperature": 2.5,
        "top_p": 0.9,
        "top_k": 20.0,
        "min_p": 0,
        "seed": 7,
        "num_predict": 100,
        "stop": ["\n", ""],
        "repeat_penalty": 1.2,
        "num_ctx": 120_000,
        "num_gpu": "all",
        "mirostat": None,
    }
    await chat(live, options=options, num_ctx=120_000, keep_alive="5m")
    assert live.runtime.requests[0].options == {
        "temperature": 2.5,
        "top_p": 0.9,
        "top_k": 20,
        "min_p": 0,
        "seed": 7,
        "max_tokens": 100,
        "stop": ["\n"],
        "repeat_penalty": 1.2,
    }


@pytest.mark.parametrize(
    "options",
    [
        None,
        {},
        {"num_predict": -1},
        {"num_predict": -2},
        {"num_predict": 0},
        {"num_predict": None},
        {"seed": -1},
        {"stop": ""},
        {"stop": []},
    ],
)
async def test_options_that_ask_for_nothing_are_absent(live: Live, options: Any) -> None:
    assert (await chat(live, options=options)).status_code == 200
    assert live.runtime.requests[0].options == {}


SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("wanted", "response_format"),
    [
        ("json", {"type": "json_object"}),
        ({}, {"type": "json_object"}),
        (SCHEMA, {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}),
        ("", None),
        (None, None),
    ],
)
async def test_a_format_constrains_the_answer(live: Live, wanted: Any, response_format: Any) -> None:
    await chat(live, format=wanted)
    assert live.runtime.requests[0].options.get("response_format") == response_format


async def test_logprobs_stand_beside_the_text(live: Live) -> None:
    token = {"token": "Yes", "logprob": -0.1, "top_logprobs": []}
    script = (AnswerDelta(content="Yes", logprobs={"content": [token]}), STOP)
    live.runtime.scripts = [Script(*script), Script(*script)]
    assert objects((await chat(live, logprobs=True, top_logprobs=2)).content)[0]["logprobs"] == [token]
    assert (await chat(live, logprobs=True, stream=False)).json()["logprobs"] == [token]
    assert live.runtime.requests[0].options == {"logprobs": True, "top_logprobs": 2}


async def test_images_reach_models_that_can_see(live: Live) -> None:
    messages = [{"role": "user", "content": "What is this?", "images": ["iVBORw0K", "data:image/gif;base64,R0lG", "x"]}]
    await chat(live, messages=messages)
    text, *images = live.runtime.requests[0].messages[0]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert [image["image_url"]["url"] for image in images] == [
        "data:image/png;base64,iVBORw0K",
        "data:image/gif;base64,R0lG",
        "data:image/png;base64,x",
    ]


async def test_the_web_clippers_own_body_is_understood(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content='{"a": 1}'), STOP)]
    body = {
        "model": "vault",
        "messages": [{"role": "system", "content": "S"}, *ASK, {"role": "user", "content": "{}"}],
        "format": "json",
        "num_ctx": 120_000,
        "temperature": 0.5,
        "stream": False,
    }
    origin = {"origin": "app://obsidian.md", "content-type": "application/json; charset=utf-8"}
    url = f"http://127.0.0.1:{live.port}//api//chat/"
    response = await live.http.post(url, content=json.dumps(body), headers=origin)
    assert json.loads(response.json()["message"]["content"]) == {"a": 1}
    assert response.headers["access-control-allow-origin"] == "app://obsidian.md"


async def test_curl_needs_no_content_type(live: Live) -> None:
    body = json.dumps({"model": "vault", "messages": ASK}).encode()
    for content_type in ({}, {"content-type": "application/x-www-form-urlencoded"}):
        assert (await live.http.post("/api/chat", content=body, headers=content_type)).status_code == 200


async def test_generate_streams_and_says_the_same_as_chat(live: Live) -> None:
    body = {"model": "vault:latest", "prompt": "Which river?", "system": "Be short.", "template": "{{ x }}"}
    *pieces, last = objects((await live.http.post("/api/generate", json={**body, "context": [1, 2]})).content)
    assert "".join(piece["response"] for piece in pieces) == TEXT
    assert (last["response"], last["done"], last["done_reason"], last["model"]) == ("", True, "stop", "vault:latest")
    whole = (await live.http.post("/api/generate", json={**body, "stream": False, "options": {"seed": 1}})).json()
    assert whole["response"] == TEXT
    assert set(whole) == {"model", "created_at", "response"} | COUNTS
    assert live.runtime.requests[1].messages == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Which river?"},
    ]
    assert live.runtime.requests[1].options == {"seed": 1}
    assert live.runtime.targets[0].vault is not None


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/api/chat", {"messages": []}, {"message": {"role": "assistant", "content": ""}}),
        ("/api/chat", {}, {"message": {"role": "assistant", "content": ""}}),
        ("/api/generate", {"prompt": ""}, {"response": ""}),
        ("/api/generate", {}, {"response": ""}),
    ],
)
async def test_nothing_asked_is_a_request_to_load(
    live: Live, path: str, fields: dict[str, Any], said: dict[str, Any]
) -> None:
    for keep_alive, reason in ((None, "load"), ("5m", "load"), (-1, "load"), (0, "unload"), ("0s", "unload")):
        response = await live.http.post(path, json={"model": "vault", "keep_alive": keep_alive, **fields})
        body = response.json()
        assert {"model": "vault", "done": True, "done_reason": reason, **said}.items() <= body.items()
    assert live.runtime.requests == []


async def test_embed_takes_one_text_or_many(live: Live) -> None:
    one = (await live.http.post("/api/embed", json={"model": "builtin", "input": "abc"})).json()
    many = (await live.http.post("/api/embed", json={"model": "builtin:latest", "input": ["abc", "", "a b"]})).json()
    assert one["embeddings"] == [pytest.approx([0.9487, 0.3162, 0, 0], abs=1e-4)]
    assert len(many["embeddings"]) == 3
    assert (one["model"], one["prompt_eval_count"], many["prompt_eval_count"]) == ("builtin", 1, 3)
    assert one["total_duration"] > 0
    assert live.runtime.embeddings.asked == [(["abc"], "plain"), (["abc", "", "a b"], "plain")]


@pytest.mark.parametrize(("dimensions", "length"), [(1, 1), (4, 4), (9, 4), (0, 4), (None, 4)])
async def test_embed_shortens_and_brings_back_to_length_one(live: Live, dimensions: int | None, length: int) -> None:
    body = {"model": "builtin", "input": "abc", "dimensions": dimensions, "truncate": True}
    (vector,) = (await live.http.post("/api/embed", json=body)).json()["embeddings"]
    assert len(vector) == length
    assert sum(number**2 for number in vector) == pytest.approx(1)


async def test_embedding_nothing_gives_nothing(live: Live) -> None:
    nothings: list[dict[str, Any]] = [{}, {"input": ""}, {"input": []}, {"input": None}]
    for nothing in nothings:
        answer = await live.http.post("/api/embed", json={"model": "builtin", **nothing})
        assert answer.json()["embeddings"] == []
    assert (await live.http.post("/api/embeddings", json={"model": "builtin"})).json() == {"embedding": []}
    assert live.runtime.embeddings.asked == []


async def test_the_older_embeddings_give_one_vector(live: Live) -> None:
    answer = await live.http.post("/api/embeddings", json={"model": "builtin", "prompt": "abc"})
    assert answer.json()["embedding"] == pytest.approx([0.9487, 0.3162, 0, 0], abs=1e-4)


async def test_tags_name_every_model_with_a_tag(live: Live) -> None:
    models = (await live.http.get("/api/tags")).json()["models"]
    # Smart Connections offers only embedding models whose names say so.
    assert [model["name"] for model in models] == ["vault:latest", "Garden/qwen:7b", "text-embedding-builtin:latest"]
    for model in models:
        assert model["model"] == model["name"]
        assert len(model["digest"]) == 64
        assert isinstance(model["size"], int)
        assert dt.datetime.fromisoformat(model["modified_at"]).tzinfo is not None
        assert set(model["details"]) >= {"format", "family", "families", "parameter_size", "quantization_level"}
    assert len({model["digest"] for model in models}) == 3
    assert (await live.http.get("/api/tags")).json()["models"] == models


async def test_every_listed_model_can_be_shown_and_has_a_context_length(live: Live) -> None:
    for name in ("vault", "vault:latest", "text-embedding-builtin:latest", "builtin", "gpt-4o", "gpt-4o:latest"):
        shown = (await live.http.post("/api/show", json={"model": name})).json()
        # Smart Connections and AI Providers fail without it.
        lengths = [value for key, value in shown["model_info"].items() if key.endswith(".context_length")]
        assert len(lengths) == 1
        assert lengths[0] > 0
        assert shown["capabilities"][0] == ("embedding" if "builtin" in name else "completion")
        assert {"template", "parameters", "license", "details"} <= set(shown)


async def test_show_takes_the_older_word_for_the_model(live: Live) -> None:
    older = await live.http.post("/api/show", json={"name": "vault", "model": ""})
    assert older.json() == (await live.http.post("/api/show", json={"model": "vault"})).json()


async def test_the_version_is_three_numbers_for_clients_and_ours_beside_it(live: Live) -> None:
    body = (await live.http.get("/api/version")).json()
    assert [number.isdecimal() for number in body["version"].split(".")] == [True] * 3
    assert body["sidecar"] == "0.0.0"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/chat", {"model": "no:pe", "messages": ASK}),
        ("/api/chat", {"model": "no:pe", "messages": ASK, "stream": False}),
        ("/api/generate", {"model": "no:pe", "prompt": "x"}),
        ("/api/embed", {"model": "no:pe", "input": "x"}),
        ("/api/embeddings", {"model": "no:pe", "prompt": "x"}),
        ("/api/show", {"model": "no:pe"}),
    ],
)
async def test_an_unknown_model_is_not_found_in_ollamas_words(live: Live, path: str, body: dict[str, Any]) -> None:
    response = await live.http.post(path, json=body)
    assert (response.status_code, response.json()) == (404, {"error": "model 'no:pe' not found"})


@pytest.mark.parametrize(
    ("path", "model", "what"), [("/api/chat", "builtin", "chat"), ("/api/embed", "vault", "embeddings")]
)
async def test_a_model_of_the_other_kind_is_refused(live: Live, path: str, model: str, what: str) -> None:
    response = await live.http.post(path, json={"model": model, "messages": ASK, "input": "x"})
    assert (response.status_code, response.json()) == (400, {"error": f'"{model}" does not support {what}'})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/pull"),
        ("POST", "/api/create"),
        ("POST", "/api/copy"),
        ("POST", "/api/push"),
        ("DELETE", "/api/delete"),
        ("POST", "/api/blobs/sha256:29fdb92e57cf0827ded04ae6461b5931d01fa595843f55d36f5b275a52087dd2"),
    ],
)
async def test_models_are_not_changed_from_here(live: Live, method: str, path: str) -> None:
    response = await live.http.request(method, path, json={"model": "nope", "from": "vault"})
    assert response.status_code == 403
    assert "sidecar models" in response.json()["error"]


async def test_pulling_a_model_that_is_here_succeeds_at_once(live: Live) -> None:
    for name in ("vault", "builtin:latest", "gpt-4o"):
        assert (await live.http.post("/api/pull", json={"model": name})).json() == {"status": "success"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ContextLengthError(needed=9000, available=8192), 400),
        (ModelUnavailableError("The model is gone.", hint="Bring it back."), 503),
        (OverloadedError("Too much.", retry_after=2), 429),
        (UpstreamError("It said no.", status=None), 502),
        (RuntimeError("secret"), 500),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_errors_before_the_first_line_are_plain_http(
    live: Live, error: Exception, status: int, stream: bool
) -> None:
    live.runtime.scripts = [Script(error)]
    response = await chat(live, stream=stream)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert isinstance(response.json()["error"], str)
    assert "secret" not in response.text
    if isinstance(error, ModelUnavailableError):
        assert response.json() == {"error": "The model is gone. Bring it back."}
    if isinstance(error, OverloadedError):
        assert response.headers["retry-after"] == "2"


async def test_a_later_error_is_the_last_line(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The"), ModelUnavailableError("The model died."))]
    response = await chat(live)
    assert response.status_code == 200
    first, last = objects(response.content)
    assert first["message"]["content"] == "The"
    assert last == {"error": "The model died."}


BAD: list[tuple[str, bytes]] = [
    ("/api/chat", b""),
    ("/api/chat", b"[]"),
    ("/api/chat", b"{"),
    ("/api/chat", b'{"model": "vault", "model": "vault"}'),
    ("/api/chat", b"[" * 60_000),
    ("/api/chat", b'{"messages": []}'),
    ("/api/chat", b'{"model": "", "messages": []}'),
    ("/api/chat", b'{"model": 3, "messages": []}'),
    ("/api/chat", b'{"model": "vault", "messages": "x"}'),
    ("/api/chat", b'{"model": "vault", "messages": [1]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "wizard", "content": "x"}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": ["user"], "content": "x"}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": 1, "images": ["x"]}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": 1}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": "x", "images": "x"}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": "x", "images": [1]}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "assistant", "tool_calls": "x"}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "assistant", "tool_calls": 7}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "assistant", "tool_calls": {"a": 1}}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": "x"}], "format": "xml"}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": "x"}], "format": 1}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": "x"}], "tools": [{}]}'),
    ("/api/chat", b'{"model": "vault", "messages": [{"role": "user", "content": "x"}], "stream": "no"}'),
    ("/api/chat", b'{"model": "vault", "options": {"temperature": "hot"}}'),
    ("/api/chat", b'{"model": "vault", "options": {"temperature": true}}'),
    ("/api/chat", b'{"model": "vault", "options": {"num_predict": "all"}}'),
    ("/api/chat", b'{"model": "vault", "options": {"num_predict": true}}'),
    ("/api/chat", b'{"model": "vault", "options": []}'),
    ("/api/generate", b'{"model": "vault", "prompt": ["x"]}'),
    ("/api/generate", b'{"model": "vault", "prompt": "x", "suffix": "y"}'),
    ("/api/generate", b'{"model": "vault", "prompt": "x", "images": {"a": 1}}'),
    ("/api/embed", b'{"model": "builtin", "input": [1]}'),
    ("/api/embed", b'{"model": "builtin", "input": {"a": 1}}'),
    ("/api/embed", b'{"model": "builtin", "input": true}'),
    ("/api/embed", b'{"model": "builtin", "input": [[1, 2]]}'),
    ("/api/embed", json.dumps({"model": "builtin", "input": ["x"] * 2049}).encode()),
    ("/api/embeddings", b'{"model": "builtin", "prompt": ["x"]}'),
    ("/api/show", b"{}"),
    ("/api/show", b'{"model": {"a": 1}}'),
    ("/api/pull", b"{}"),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_wrong_bodies_are_400_with_a_message(live: Live, path: str, body: bytes) -> None:
    response = await live.http.post(path, content=body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert isinstance(error, str)
    assert 0 < len(error) < 500
    assert live.runtime.requests == []


ODD: list[dict[str, Any]] = [
    {"options": {"num_predict": 2**63 - 1, "seed": 2**63 - 1, "top_k": -(2**63)}},
    {"options": {"num_predict": 1e300}},
    {"keep_alive": {"a": [1]}},
    {"keep_alive": "0" * 30_000 + "x"},
    {"think": {"a": 1}},
    {"tools": []},
    {"unknown": [[[]]], "messages": [{"role": "user", "content": "\x00\u202e🜁" * 5000, "images": [], "odd": 1}]},
    {"messages": [*ASK, *ASK]},
    {"messages": [{"role": "assistant", "content": "Hi"}]},
    {"messages": [{"role": "developer", "content": "S"}, {"role": "tool", "content": None}, {"role": "user"}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}], "images": ["x"]}]},
]


@pytest.mark.parametrize("fields", ODD)
async def test_odd_but_harmless_fields_are_answered(live: Live, fields: dict[str, Any]) -> None:
    response = await chat(live, **fields)
    assert response.status_code == 200
    assert objects(response.content)[-1]["done"] is True


async def test_refusals_from_outside_the_routes_are_in_ollamas_shape_too(live: Live) -> None:
    refused = {
        401: await live.bare.get("/api/tags"),
        403: await live.http.get("/api/tags", headers={"origin": "https://evil.example"}),
        404: await live.http.get("/api/nothing"),
        405: await live.http.get("/api/chat"),
        413: await live.http.post("/api/chat", content=b"x" * (live.runtime.max_body + 1)),
        415: await live.http.post("/api/chat", content=b"{}", headers={"origin": "app://obsidian.md"}),
        421: await live.http.get("/api/tags", headers={"host": "evil.example"}),
    }
    for status, response in refused.items():
        assert response.status_code == status
        assert isinstance(response.json()["error"], str)
        assert "x-request-id" in response.headers
    assert "Authorization: Bearer" in refused[401].json()["error"]
    assert refused[401].headers["www-authenticate"] == 'Bearer realm="sidecar"'
    assert refused[405].headers["allow"] == "POST"


async def test_other_paths_keep_openais_shape(live: Live) -> None:
    for path in ("/v1/nothing", "/apis", "/api", "/api/v0/nothing"):
        assert (await live.http.get(path)).json()["error"]["code"] == "not_found"


async def test_no_key_is_needed_when_none_is_set() -> None:
    async with running(token=None) as server:
        for key in ({}, {"authorization": "Bearer default-key"}, {"authorization": "Bearer"}):
            assert (await server.bare.get("/api/tags", headers=key)).status_code == 200


async def test_a_client_that_leaves_stops_the_answer(live: Live) -> None:
    forever = asyncio.Event()
    live.runtime.scripts = [Script(AnswerDelta(content="The"), forever)]
    async with live.http.stream("POST", "/api/chat", json={"model": "vault", "messages": ASK}) as response:
        assert json.loads(await anext(response.aiter_raw()))["done"] is False
    await live.runtime.wait_for(closed=1)


async def test_a_server_that_stops_ends_the_stream_with_an_error_line() -> None:
    async with running() as server:
        server.runtime.scripts = [Script(AnswerDelta(content="The"), asyncio.Event())]
        body = {"model": "vault", "messages": ASK}
        async with server.http.stream("POST", "/api/chat", json=body) as response:
            reads = response.aiter_raw()
            await anext(reads)
            server.stop.set()
            rest = objects(b"".join([read async for read in reads]))
        assert [set(line) for line in rest] == [{"error"}]
        assert "stopping" in rest[0]["error"]
        await until(lambda: server.runtime.closed_answers == 1)
