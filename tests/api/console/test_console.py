"""The console's routes over a real socket: what is open, what a link opens, and what the page may do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sidecar.api.console.page import FILES
from sidecar.api.console.sessions import MAX_SESSIONS
from tests.api.fakes import TOKEN
from tests.api.live import Live, running, until

pytestmark = pytest.mark.anyio

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types 'none'"
)
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"}


async def sign_in(live: Live) -> str:
    """A session's key."""
    made = (await live.http.post("/console/link")).json()
    code = made["path"].removeprefix("/#sign-in=")
    key: str = (await live.bare.post("/console/sign-in", json={"code": code})).json()["key"]
    return key


def bearing(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_every_file_of_the_page_is_open_and_lets_the_page_do_nothing_else(live: Live) -> None:
    kinds = {
        "/": "text/html",
        "css": "text/css",
        "js": "text/javascript",
        "json": "application/json",
        "svg": "image/svg+xml",
    }
    for path in FILES:
        response = await live.bare.get(path)
        assert response.status_code == 200, path
        assert response.headers["content-type"].startswith(kinds[path.rpartition(".")[2]]), path
        assert response.headers["content-security-policy"] == POLICY
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cross-origin-opener-policy"] == "same-origin"
        assert response.headers["x-dns-prefetch-control"] == "off"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "set-cookie" not in response.headers
        assert len(response.content) > 100
        assert (await live.bare.head(path)).status_code == 200
    assert live.runtime.calls == []


async def test_nothing_is_served_but_the_listed_files(live: Live) -> None:
    odd = ["/console/", "/console/static/main.js", "/console/../guard.py", "/console/page.py", "/console/texts/xx.json"]
    odd += ["/console/%2e%2e/guard.py", "/index.html", "/console/main.js/x", "/console/main.js%00", "/console/MAIN.JS"]
    for path in odd:
        assert (await live.http.get(path)).status_code == 404, path
        assert (await live.bare.get(path)).status_code == 401, path
    for path in ("/", "/console/main.js"):
        assert (await live.http.post(path, json={})).status_code == 405, path


async def test_a_link_signs_in_once(live: Live) -> None:
    made = (await live.http.post("/console/link")).json()
    assert made["expires_in"] == 900
    code = made["path"].removeprefix("/#sign-in=")
    first = await live.bare.post("/console/sign-in", json={"code": code})
    assert first.status_code == 200
    assert (await live.bare.get("/v1/models", headers=bearing(first.json()["key"]))).status_code == 200
    second = await live.bare.post("/console/sign-in", json={"code": code})
    assert second.status_code == 401
    assert second.json()["error"]["code"] == "sign_in_refused"
    assert "sidecar console" in second.json()["error"]["message"]


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": None}, {"code": 1}, {"code": ["x"]}, {"code": "x" * 201}, []]
)
async def test_what_is_no_code_is_refused(live: Live, body: object) -> None:
    assert (await live.bare.post("/console/sign-in", json=body)).status_code == 400


@pytest.mark.parametrize("code", ["wrong", "x" * 43, TOKEN, "é" * 43, "\x00", "console-x"])
async def test_a_wrong_code_opens_nothing(live: Live, code: str) -> None:
    await live.http.post("/console/link")
    refused = await live.bare.post("/console/sign-in", json={"code": code})
    assert refused.status_code == 401
    assert "key" not in refused.json()


async def test_who_has_no_key_can_send_little_and_takes_nobodys_place(live: Live) -> None:
    for path in ("/console/sign-in", "/healthz"):
        refused = await live.bare.post(path, json={"code": "x" * 5000})
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "body_too_large")
    head = f"POST /console/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nContent-Length: 100\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", live.port)
    try:
        writer.write(head.encode())
        await writer.drain()
        assert (await live.http.post("/vault/search", json={"query": "x"})).status_code == 200
        # One that is never let go of would keep this from coming.
        await until(lambda: live.app.lifetime.running == 0)
    finally:
        writer.close()


async def test_a_link_is_made_for_nobody_without_a_key(live: Live) -> None:
    refused = await live.bare.post("/console/link", json={})
    assert refused.status_code == 401
    assert (await live.http.get("/console/link")).status_code == 405


async def test_a_sessions_key_opens_the_routes_until_it_signs_out(live: Live) -> None:
    key = await sign_in(live)
    for path in ("/v1/models", "/vault/status", "/console/clients", "/console/key", "/console/requests"):
        assert (await live.bare.get(path, headers=bearing(key))).status_code == 200, path
    out = await live.bare.post("/console/sign-out", headers=bearing(key), json={})
    assert out.json() == {"signed_out": True}
    for path in ("/v1/models", "/console/clients", "/console/key"):
        assert (await live.bare.get(path, headers=bearing(key))).status_code == 401, path


async def test_a_sessions_key_counts_as_bearer_alone(live: Live) -> None:
    key = await sign_in(live)
    for header in ({"x-api-key": key}, {"api-key": key}, {"cookie": f"key={key}"}, {"authorization": key}):
        assert (await live.bare.get("/v1/models", headers=header)).status_code == 401, header
    assert (await live.bare.get(f"/v1/models?key={key}")).status_code == 401
    both = [("authorization", f"Bearer {key}"), ("authorization", f"Bearer {TOKEN}")]
    assert (await live.bare.get("/v1/models", headers=both)).status_code == 401
    wrong = {"x-api-key": "wrong", **bearing(key)}
    assert (await live.bare.get("/v1/models", headers=wrong)).status_code == 401


async def test_more_sessions_than_there_may_be_end_the_oldest(live: Live) -> None:
    keys = [await sign_in(live) for _ in range(MAX_SESSIONS + 1)]
    answers = [(await live.bare.get("/v1/models", headers=bearing(key))).status_code for key in keys]
    assert answers == [401, *[200] * MAX_SESSIONS]


async def test_a_sign_out_with_the_servers_key_ends_no_session(live: Live) -> None:
    key = await sign_in(live)
    assert (await live.http.post("/console/sign-out", json={})).json() == {"signed_out": False}
    assert (await live.bare.get("/v1/models", headers=bearing(key))).status_code == 200
    assert (await live.http.get("/v1/models")).status_code == 200


async def test_all_sessions_are_ended_at_once(live: Live) -> None:
    keys = [await sign_in(live) for _ in range(2)]
    link = (await live.http.post("/console/link")).json()["path"].removeprefix("/#sign-in=")
    assert (await live.bare.post("/console/sign-out-all", json={})).status_code == 401
    assert (await live.http.post("/console/sign-out-all", json={})).json() == {"signed_out": 2}
    assert [(await live.bare.get("/v1/models", headers=bearing(key))).status_code for key in keys] == [401, 401]
    assert (await live.bare.post("/console/sign-in", json={"code": link})).status_code == 401
    assert (await live.bare.get("/v1/models", headers=bearing(await sign_in(live)))).status_code == 200


async def test_another_key_in_place_of_the_old_one_counts_at_once_and_ends_all_sessions(live: Live) -> None:
    session = await sign_in(live)
    link = (await live.http.post("/console/link")).json()["path"].removeprefix("/#sign-in=")
    live.runtime.token = "sk-sidecar-another"
    # The link first: it needs no key, so nothing else would have looked at the new one.
    assert (await live.bare.post("/console/sign-in", json={"code": link})).status_code == 401
    assert (await live.http.get("/v1/models")).status_code == 401
    assert (await live.bare.get("/v1/models", headers=bearing(session))).status_code == 401
    assert (await live.bare.get("/v1/models", headers=bearing("sk-sidecar-another"))).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin"])
async def test_the_page_opens_from_a_link_anywhere(live: Live, site: str) -> None:
    for method in ("GET", "HEAD"):
        response = await live.bare.request(method, "/", headers={**NAVIGATION, "sec-fetch-site": site})
        assert response.status_code == 200, method
    user = {**NAVIGATION, "sec-fetch-user": "?1"}
    assert (await live.bare.get("/", headers=user)).status_code == 200


FRAMED = [
    ("an iframe", "GET", "/", {"sec-fetch-dest": "iframe"}),
    ("an object", "GET", "/", {"sec-fetch-dest": "object"}),
    ("an embed", "GET", "/", {"sec-fetch-dest": "embed"}),
    ("a fetch", "GET", "/", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"}),
    ("a script", "GET", "/console/main.js", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"}),
    ("a file in a tab", "GET", "/console/main.js", {}),
    ("a text in a tab", "GET", "/console/texts/en.json", {}),
    ("another route in a tab", "GET", "/vault/status", {}),
    ("a form", "POST", "/", {"content-type": "application/json"}),
    ("a form that signs in", "POST", "/console/sign-in", {"content-type": "application/json"}),
    ("another origin", "GET", "/", {"origin": "https://evil.example"}),
    ("a sandboxed page", "GET", "/", {"origin": "null"}),
]


@pytest.mark.parametrize(("method", "path", "more"), [case[1:] for case in FRAMED], ids=[case[0] for case in FRAMED])
async def test_a_foreign_page_gets_nothing_of_the_console_into_itself(
    live: Live, method: str, path: str, more: dict[str, str]
) -> None:
    content = b'{"code":"x"}' if method == "POST" else None
    for client in (live.bare, live.http):
        response = await client.request(method, path, headers={**NAVIGATION, **more}, content=content)
        assert response.status_code == 403, response.text
        assert response.json()["error"]["code"] == "origin_not_allowed"
    assert live.runtime.calls == []


@pytest.mark.parametrize("twice", ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"])
async def test_a_browsers_sign_that_stands_twice_is_none(live: Live, twice: str) -> None:
    headers = [*NAVIGATION.items(), (twice, NAVIGATION[twice])]
    assert (await live.bare.get("/", headers=headers)).status_code == 403


async def test_under_another_hosts_name_there_is_no_page(live: Live) -> None:
    for path in ("/", "/console/main.js"):
        response = await live.bare.get(path, headers={**NAVIGATION, "host": f"evil.example:{live.port}"})
        assert response.status_code == 421
    rebound = {"host": f"evil.example:{live.port}", "content-type": "application/json"}
    assert (await live.bare.post("/console/sign-in", headers=rebound, content=b'{"code":"x"}')).status_code == 421


async def test_a_page_may_sign_in_with_json_alone(live: Live) -> None:
    headers = {"origin": f"http://127.0.0.1:{live.port}", "content-type": "text/plain"}
    assert (await live.bare.post("/console/sign-in", headers=headers, content=b'{"code":"x"}')).status_code == 415


async def test_settings_for_clients_hold_the_servers_own_address_and_a_place_for_the_key(live: Live) -> None:
    answer = await live.http.get("/console/clients")
    client, *known = answer.json()["clients"]
    values = {setting["label"]: setting["value"] for setting in client["settings"]}
    assert values == {
        "base_url": f"http://127.0.0.1:{live.port}/v1",
        "api_key": "{{key}}",
        "chat_model": "vault",
        "embedding_model": "builtin",
    }
    assert client["models"] == ["vault", "Garden/qwen:7b", "builtin"]
    assert "{{key}}" in client["snippets"][0]["text"]
    assert client["name"] is None
    assert {"Obsidian Web Clipper", "Open WebUI"} <= {each["name"] for each in known}
    assert any("{{key}}" in setting["value"] for each in known for setting in each["settings"])
    # A program that starts another one has no shell's list of folders to find it in.
    texts = [snippet["text"] for each in known if each["name"] == "Claude Desktop" for snippet in each["snippets"]]
    assert any(Path(json.loads(text)["mcpServers"]["sidecar"]["command"]).is_absolute() for text in texts)
    copilot = next(each for each in known if each["plugin"] == "copilot")
    assert copilot["calls"][0]["url"] == f"http://127.0.0.1:{live.port}/v1/models"
    assert copilot["calls"][0]["headers"]["authorization"] == "Bearer {{key}}"
    assert TOKEN not in answer.text
    assert (await live.http.get("/console/key")).json() == {"key": TOKEN}


async def test_without_a_token_there_is_nothing_to_sign_in_to() -> None:
    async with running(token=None) as live:
        assert (await live.bare.get("/vault/status")).status_code == 200
        assert (await live.bare.get("/console/key")).json() == {"key": None}
        values = [
            setting["value"] for setting in (await live.bare.get("/console/clients")).json()["clients"][0]["settings"]
        ]
        assert "none" in values
