"""Who gets in: refused requests never reach a handler."""

from __future__ import annotations

import datetime as dt
import json
from email.utils import parsedate_to_datetime

import pytest

from sidecar.api.connection import MAX_HEADER_BYTES
from sidecar.runtime.proof import new_nonce, proves
from tests.api.fakes import TOKEN
from tests.api.live import Live, running

pytestmark = pytest.mark.anyio

ROUTES = [
    ("GET", "/readyz"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/vault"),
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/embeddings"),
    ("POST", "/vault/search"),
    ("GET", "/vault/status"),
    ("GET", "/vault/related"),
    ("GET", "/vault/why"),
    ("GET", "/vault/notes/Folder/Rivers.md"),
    ("POST", "/vault/sync"),
    ("GET", "/console"),
    ("GET", "/console/key"),
    ("GET", "/console/requests"),
    ("POST", "/console/link"),
    ("POST", "/console/sign-out"),
    ("GET", "/nothing/here"),
    ("GET", "/v1/healthz"),
]
BAD_KEYS: dict[str, list[tuple[str, str]]] = {
    "no key": [],
    "empty key": [("authorization", "Bearer")],
    "wrong key": [("authorization", "Bearer sk-wrong")],
    "one byte off": [("authorization", f"Bearer {TOKEN[:-1]}0")],
    "one byte more": [("authorization", f"Bearer {TOKEN}0")],
    "other scheme": [("authorization", f"Basic {TOKEN}")],
    "no scheme": [("authorization", TOKEN)],
    "non-ASCII": [("authorization", f"Bearer {TOKEN}é")],
    "sent twice": [("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")],
    "right and wrong": [("authorization", f"Bearer {TOKEN}"), ("x-api-key", "sk-wrong")],
}


def encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("utf-8")) for name, value in headers]


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS)
async def test_no_route_opens_without_the_right_key(live: Live, key: list[tuple[str, str]]) -> None:
    for method, path in ROUTES:
        for url in (path, f"{path}?token={TOKEN}&api_key={TOKEN}&key={TOKEN}"):
            response = await live.bare.request(method, url, headers=encoded(key))
            assert response.status_code == 401, (method, url)
            assert response.json()["error"]["code"] == "invalid_api_key"
            assert response.headers["www-authenticate"] == 'Bearer realm="sidecar"'
            assert TOKEN not in response.text
    assert live.runtime.calls == []


@pytest.mark.parametrize(
    "key",
    [
        ("authorization", f"Bearer {TOKEN}"),
        ("authorization", f"bearer {TOKEN}"),
        ("x-api-key", TOKEN),
        ("api-key", TOKEN),
    ],
)
async def test_the_key_is_read_from_the_headers_that_clients_use(live: Live, key: tuple[str, str]) -> None:
    response = await live.bare.get("/v1/models", headers=[key])
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/health", "/healthz/", "//health"])
async def test_health_is_open_and_says_nothing(live: Live, path: str) -> None:
    response = await live.bare.get(f"http://127.0.0.1:{live.port}{path}")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_health_proves_to_hold_the_key_to_who_asks_with_a_nonce(live: Live) -> None:
    nonce = new_nonce()
    answer = (await live.bare.get("/healthz", params={"nonce": nonce})).json()
    assert proves(answer["proof"], TOKEN, nonce, port=live.port)
    # One word that the proof rests on is another, and it proves nothing.
    assert not proves(answer["proof"], TOKEN + "0", nonce, port=live.port)
    assert not proves(answer["proof"], TOKEN, new_nonce(), port=live.port)
    assert not proves(answer["proof"], TOKEN, nonce, port=live.port + 1)
    assert not proves(None, TOKEN, nonce, port=live.port)
    assert TOKEN not in json.dumps(answer)


@pytest.mark.parametrize("nonce", ["", "short", "a" * 129, "a" * 15 + " ", "a" * 15 + "\n", "é" * 20, "a" * 100_00])
async def test_health_proves_nothing_to_a_nonce_that_is_none(live: Live, nonce: str) -> None:
    response = await live.bare.get("/healthz", params={"nonce": nonce})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_without_a_token_configured_any_key_or_none_will_do() -> None:
    keys = ["", "Bearer", "Bearer undefined", "Bearer DUMMY_KEY", "placeholder-key"]
    async with running(token=None) as live:
        for key in keys:
            response = await live.bare.get("/v1/models", headers={"authorization": key})
            assert response.status_code == 200, key
        assert (await live.bare.get("/v1/models")).status_code == 200


async def test_two_hundred_wrong_hosts_reach_no_handler(live: Live) -> None:
    port = live.port
    hosts = [
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        "localhost",
        f"127.0.0.1:{port + 1}",
        f"127.0.0.1:{port}0",
        f"127.0.0.1:0{port}",
        f"0.0.0.0:{port}",
        f"[::]:{port}",
        f"127.0.0.1.evil.example:{port}",
        f"127.0.0.1:{port}.evil.example",
        f"localhost.:{port}",
        f"127.0.0.1:{port},evil.example",
        f"user@127.0.0.1:{port}",
        f"2130706433:{port}",
        f"127.1:{port}",
        "",
        *(f"rebound-{number}.example:{port}" for number in range(183)),
    ]
    assert len(hosts) == 200
    for host in hosts:
        response = await live.http.get("/v1/models", headers={"host": host})
        assert response.status_code == 421, host
        assert response.json()["error"]["code"] == "host_not_allowed"
    assert live.runtime.calls == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
async def test_the_names_of_this_machine_are_answered(live: Live, name: str) -> None:
    response = await live.http.get("/v1/models", headers={"host": f"{name}:{live.port}"})
    assert response.status_code == 200


async def test_wrong_origins_reach_no_handler_whatever_the_method(live: Live) -> None:
    origins = [
        "null",
        "",
        "https://evil.example",
        "http://localhost",
        "http://localhost:3000",
        f"http://127.0.0.1:{live.port + 1}",
        f"https://127.0.0.1:{live.port}",
        "app://obsidian.md.evil.example",
        "app://obsidian.md/",
        "APP://obsidian.md",
        "capacitor://localhost",
        "chrome-extension://abcdef",
    ]
    for origin in origins:
        for method in ("GET", "POST", "OPTIONS"):
            headers = {"origin": origin, "access-control-request-method": "POST"}
            response = await live.http.request(method, "/v1/models", headers=headers)
            assert response.status_code == 403, (method, origin)
            assert response.json()["error"]["code"] == "origin_not_allowed"
            assert "access-control-allow-origin" not in response.headers
    double = [("origin", "app://obsidian.md"), ("origin", "https://evil.example")]
    assert (await live.http.get("/v1/models", headers=double)).status_code == 403
    assert live.runtime.calls == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_foreign_page_is_refused_even_when_its_request_names_no_origin(live: Live, site: str) -> None:
    response = await live.http.get("/v1/models", headers={"sec-fetch-site": site})
    assert response.status_code == 403
    assert live.runtime.calls == []


@pytest.mark.parametrize("site", ["none", "same-origin"])
async def test_the_user_and_our_own_page_are_not_foreign(live: Live, site: str) -> None:
    assert (await live.http.get("/v1/models", headers={"sec-fetch-site": site})).status_code == 200


async def test_allowed_origins_can_read_answers_errors_and_streams(live: Live) -> None:
    for origin in ("app://obsidian.md", f"http://127.0.0.1:{live.port}"):
        headers = {"origin": origin, "sec-fetch-site": "cross-site"}
        body = {"model": "vault", "messages": [{"role": "user", "content": "?"}], "stream": True}
        responses = [
            await live.http.get("/v1/models", headers=headers),
            await live.http.get("/nothing", headers=headers),
            await live.bare.get("/v1/models", headers=headers),
            await live.http.post("/v1/chat/completions", headers=headers, json=body),
            await live.http.post("/v1/chat/completions", headers=headers, json={}),
        ]
        assert [response.status_code for response in responses] == [200, 404, 401, 200, 400]
        for response in responses:
            assert response.headers["access-control-allow-origin"] == origin
            assert "x-request-id" in response.headers["access-control-expose-headers"]
            assert response.headers["vary"] == "Origin"


async def test_preflight_reflects_headers_for_allowed_origins_without_a_key(live: Live) -> None:
    asked = "authorization, content-type, x-stainless-retry-count, http-referer"
    response = await live.bare.options(
        "/chat/completions",
        headers={
            "origin": "app://obsidian.md",
            "access-control-request-method": "POST",
            "access-control-request-headers": asked,
            "access-control-request-private-network": "true",
        },
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "app://obsidian.md"
    assert response.headers["access-control-allow-headers"] == asked
    assert "POST" in response.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in response.headers
    assert "origin" in response.headers["vary"].lower()
    assert live.runtime.calls == []


async def test_preflight_lists_only_what_was_asked_for(live: Live) -> None:
    headers = {"origin": "app://obsidian.md", "access-control-request-method": "POST"}
    plain = await live.bare.options("/v1/models", headers=headers)
    odd = await live.bare.options("/v1/models", headers={**headers, "access-control-request-headers": 'x";evil, <y>'})
    for response in (plain, odd):
        assert response.status_code == 200
        assert "access-control-allow-headers" not in response.headers
        assert "access-control-allow-private-network" not in response.headers


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None, "json"]
)
async def test_a_page_may_send_nothing_but_json(live: Live, kind: str | None) -> None:
    headers = {"origin": "app://obsidian.md"} | ({} if kind is None else {"content-type": kind})
    for path in ("/vault/sync", "/vault/search", "/v1/chat/completions"):
        response = await live.http.post(path, headers=headers, content=b'{"query":"x"}')
        assert response.status_code == 415, path
        assert response.headers["access-control-allow-origin"] == "app://obsidian.md"
    assert live.runtime.calls == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_what_a_browser_says_a_page_sends_has_to_be_json_though_it_names_no_origin(
    live: Live, kind: str | None
) -> None:
    headers = {"sec-fetch-site": "same-origin"} | ({} if kind is None else {"content-type": kind})
    assert (await live.http.post("/vault/search", headers=headers, content=b'{"query":"x"}')).status_code == 415
    headers |= {"content-type": "application/json"}
    assert (await live.http.post("/vault/search", headers=headers, content=b'{"query":"x"}')).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/models", {"x-large": "x" * MAX_HEADER_BYTES}),
        ("/v1/models", {f"x-{number}": "x" * 8 for number in range(3000)}),
        (f"/v1/models?x={'x' * MAX_HEADER_BYTES}", {}),
        (f"/{'x' * MAX_HEADER_BYTES}", {}),
    ],
)
async def test_headers_that_are_too_large_are_refused_though_they_come_at_once(
    live: Live, path: str, headers: dict[str, str]
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    key = f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n"
    answer = await live.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n{key}{lines}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 431")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"].keys() == {"message", "type", "param", "code"}
    assert live.runtime.calls == []


async def test_a_page_may_send_json_with_a_charset(live: Live) -> None:
    headers = {"origin": "app://obsidian.md", "content-type": "Application/JSON; charset=utf-8"}
    response = await live.http.post("/vault/search", headers=headers, content=b'{"query":"x"}')
    assert response.status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_other_programs_label_json_as_they_like(live: Live, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    response = await live.http.post("/vault/search", headers=headers, content=b'{"query":"x"}')
    assert response.status_code == 200


async def test_compressed_bodies_are_refused(live: Live) -> None:
    response = await live.http.post("/vault/search", headers={"content-encoding": "gzip"}, content=b"\x1f\x8b")
    assert response.status_code == 415


async def test_every_answer_names_its_request(live: Live) -> None:
    sane = await live.http.get("/v1/models", headers={"x-request-id": "my-id:1.2_3"})
    assert sane.headers["x-request-id"] == "my-id:1.2_3"
    for odd in ("a b", "x" * 129, 'a"b', ""):
        response = await live.http.get("/v1/models", headers={"x-request-id": odd})
        assert response.headers["x-request-id"].startswith("req_")
    refused = await live.bare.get("/v1/models")
    assert refused.headers["x-request-id"].startswith("req_")


async def test_every_answer_says_when_it_was_made(live: Live) -> None:
    for answer in (await live.http.get("/v1/models"), await live.bare.get("/v1/models"), await live.http.get("/no")):
        (made,) = answer.headers.get_list("date")
        assert abs(parsedate_to_datetime(made) - dt.datetime.now(tz=dt.UTC)) < dt.timedelta(seconds=30)


async def test_answers_are_not_stored_sniffed_or_embedded(live: Live) -> None:
    response = await live.http.get("/v1/models")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in response.headers


async def test_proxy_headers_change_nothing(live: Live) -> None:
    headers = {"x-forwarded-host": f"127.0.0.1:{live.port}", "forwarded": f"host=127.0.0.1:{live.port}"}
    response = await live.http.get("/v1/models", headers={**headers, "host": "evil.example"})
    assert response.status_code == 421


async def test_a_request_for_another_host_in_its_target_reaches_no_handler(live: Live) -> None:
    answer = await live.send(
        f"GET http://evil.example/v1/models HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 421")
    assert live.runtime.calls == []
