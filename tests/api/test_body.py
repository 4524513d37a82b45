"""Bodies that are wrong, huge or hostile: 400 or 413 in OpenAI's shape, never a 500."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from sidecar.api.body import MAX_DEPTH, MAX_VALUES, parse_json
from sidecar.errors import RequestError
from tests.api.fakes import TOKEN
from tests.api.live import Live

BAD = {
    "empty": b"",
    "blank": b" \n",
    "cut off": b'{"query": "x"',
    "trailing comma": b'{"query": "x",}',
    "two values": b'{"query": "x"} {}',
    "an array": b'["query"]',
    "a string": b'"query"',
    "null": b"null",
    "not UTF-8": b'{"query": "\xff"}',
    "UTF-16": '{"query": "x"}'.encode("utf-16"),
    "a surrogate in UTF-8": b'{"query": "\xed\xa0\x80"}',
    "half a surrogate": b'{"query": "\\ud83d"}',
    "half a surrogate as a key": b'{"query": "x", "\\uDC00": 1}',
    "NaN": b'{"query": "x", "limit": NaN}',
    "Infinity": b'{"query": "x", "limit": -Infinity}',
    "a float that overflows": b'{"query": "x", "limit": 1e400}',
    "an integer beyond 64 bits": b'{"query": "x", "limit": 9223372036854775808}',
    "an integer of 5,000 digits": b'{"query": "x", "limit": ' + b"9" * 5000 + b"}",
    "the same key twice": b'{"query": "x", "query": "y"}',
    "the same key twice inside": b'{"query": "x", "filters": {"a": 1, "a": 2}}',
    "65 levels": b'{"query": "x", "filters": ' + b"[" * 64 + b"]" * 64 + b"}",
    "20,000 levels": b'{"query": "x", "filters": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "20,000 objects never closed": b'{"a":' * 10_000,
    "a control character": b'{"query": "a\nb"}',
}


@pytest.mark.anyio
@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_a_body_that_is_no_usable_json_is_refused(live: Live, body: bytes) -> None:
    response = await live.http.post("/vault/search", content=body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["code"] == "invalid_json"
    assert live.runtime.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"query": "x"}',
        b'{"query": "\\ud83d\\ude00", "n": 9223372036854775807}',
        json.dumps({"query": "[" * 1000 + '"' + ",{" * 300_000}).encode(),
        b'{"filters": ' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}",
        json.dumps({"rows": [[]] * 100}).encode(),
    ],
)
def test_a_body_that_only_looks_odd_is_read(body: bytes) -> None:
    assert parse_json(body) == json.loads(body.decode("utf-8-sig"))


def test_a_body_of_too_many_values_is_refused_before_it_is_parsed() -> None:
    body = b'{"a": [' + b"[]," * (MAX_VALUES // 2) + b"[]]}"
    with pytest.raises(RequestError, match="values"):
        parse_json(body)


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\", b'["', b'{"a', b",["])
def test_no_body_takes_long_to_refuse(piece: bytes) -> None:
    body = b'{"' + piece * (2**21 // len(piece))
    started = time.perf_counter()
    with pytest.raises(RequestError):
        parse_json(body)
    # A quadratic scan of two megabytes would take minutes.
    assert time.perf_counter() - started < 5


WRONG: list[object] = [None, True, 1, -1, 1.5, 1e300, "x", "", [], [1], [[]], {}, {"a": 1}]
FIELDS = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "stop",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "vault",
    "user",
    "metadata",
    "functions",
    "prompt",
    "input",
    "dimensions",
    "encoding_format",
    "echo",
    "suffix",
    "best_of",
    "query",
    "limit",
    "filters",
    "explain",
]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/vault/search"])
async def test_a_wrong_type_in_any_field_is_never_a_server_error(live: Live, path: str) -> None:
    right = {
        "model": "vault" if "completions" in path else "builtin",
        "messages": [{"role": "user", "content": "?"}],
        "prompt": "?",
        "input": "?",
        "query": "?",
    }
    assert (await live.http.post(path, json=right)).status_code == 200
    for field in FIELDS:
        for value in WRONG:
            response = await live.http.post(path, json={**right, field: value})
            assert response.status_code in {200, 400, 404}, (field, value, response.text)
            if response.status_code != 200:
                error = response.json()["error"]
                assert error["param"].partition(".")[0].partition("[")[0] in {field, "top_logprobs"}, (field, value)


def head(live: Live, extra: str) -> bytes:
    return (
        f"POST /vault/search HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\n{extra}\r\n\r\n"
    ).encode()


@pytest.mark.anyio
async def test_a_body_over_the_cap_is_refused_and_the_connection_lives(live: Live) -> None:
    for _ in range(3):
        response = await live.http.post("/vault/search", content=b"x" * (live.runtime.max_body + 1))
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "body_too_large"
    assert live.runtime.calls == []
    body = json.dumps({"query": "x", "pad": "y" * (live.runtime.max_body - 27)}).encode()
    assert len(body) <= live.runtime.max_body
    assert (await live.http.post("/vault/search", content=body)).status_code == 200


@pytest.mark.anyio
async def test_a_body_of_unknown_length_is_counted_as_it_comes(live: Live) -> None:
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(head(live, "Transfer-Encoding: chunked"))
    writer.write(chunk * (live.runtime.max_body // 4096 + 1))
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert live.runtime.calls == []


@pytest.mark.anyio
async def test_a_length_that_lies_gains_nothing(live: Live) -> None:
    huge = await live.send(head(live, "Content-Length: 99999999999999999999\r\nConnection: close"))
    assert huge.startswith(b"HTTP/1.1 413")
    for extra in ("Content-Length: -1", "Content-Length: 1\r\nContent-Length: 2", "Content-Length: x"):
        answer = await live.send(head(live, extra))
        assert answer.startswith(b"HTTP/1.1 400")
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body["error"]["code"] == "bad_request"
    # What follows a body of the length given is another request, not more body.
    short = await live.send(head(live, "Content-Length: 2") + b"{}" + b'"query": "x"}\r\n\r\n')
    assert short.startswith(b"HTTP/1.1 400")
    assert live.runtime.calls == []
