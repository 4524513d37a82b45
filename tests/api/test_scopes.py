"""Every route has a scope, and a client's key opens what its scope does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.routing import Route

from sidecar.api.app import routes
from sidecar.api.guard import OPEN_PATHS
from sidecar.api.remote import own_origins
from sidecar.api.scopes import SCOPES, RouteScopes, scopes_of
from sidecar.runtime import client_keys
from sidecar.runtime.client_keys import Scope, revoke
from sidecar.runtime.key_ring import USED_FILE
from sidecar.runtime.runtime import Runtime
from tests.api.fakes import TOKEN
from tests.api.live import Live, running, until

pytestmark = pytest.mark.anyio


def all_routes() -> list[Route]:
    # A runtime is only bound to the handlers here; none is called.
    return routes(cast("Runtime", None))


async def _nothing(*_: Any) -> None:
    raise AssertionError


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{'+'.join(sorted(route.methods))} {route.path}")
def test_every_route_has_a_scope_for_each_of_its_methods(route: Route) -> None:
    assert set(scopes_of(route)) == route.methods


def test_a_route_that_nobody_gave_a_scope_stops_the_server() -> None:
    with pytest.raises(LookupError, match="POST /v1/notes has no scope"):
        RouteScopes([Route("/v1/notes", _nothing, methods=["POST"])])
    with pytest.raises(LookupError, match="DELETE /v1/models has no scope"):
        RouteScopes([Route("/v1/models", _nothing, methods=["GET", "DELETE"])])


def test_no_row_of_the_table_is_there_twice_or_for_no_route() -> None:
    rows = [row for rows in SCOPES.values() for row in rows]
    assert len(rows) == len(set(rows))
    known = {f"{method} {route.path}" for route in all_routes() for method in route.methods or ()}
    assert set(rows) <= known


def test_what_needs_no_key_is_what_the_guard_leaves_open() -> None:
    assert {row.partition(" ")[2] for row in SCOPES[Scope.OPEN]} == OPEN_PATHS


def test_what_gives_keys_away_is_the_owners() -> None:
    assert {"GET /console/key", "POST /console/link"} <= set(SCOPES[Scope.OWNER])


def test_whatever_deletes_needs_to_write() -> None:
    for route in all_routes():
        for method, scope in scopes_of(route).items():
            assert method not in {"DELETE", "PUT", "PATCH"} or scope is Scope.WRITE, (method, route.path)


def request(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "headers": []}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/models/a/b", Scope.READ),
        ("HEAD", "/v1/models", Scope.READ),
        ("POST", "/v1/responses", Scope.CHAT),
        ("GET", "/v1/responses/abc", Scope.CHAT),
        ("DELETE", "/v1/responses/abc", Scope.WRITE),
        ("POST", "/v1/responses/abc/cancel", Scope.CHAT),
        ("HEAD", "/api/blobs/sha256:0", Scope.WRITE),
        ("GET", "/vault/notes/../sync", Scope.READ),
        ("POST", "/vault/sync", Scope.WRITE),
        ("GET", "/vault/sync", None),
        ("PUT", "/v1/models", None),
        ("GET", "/nothing", None),
        # A quirk of the router, shared with it.
        ("GET", "/v1/models\n", Scope.READ),
    ],
)
def test_a_request_needs_the_scope_of_the_route_that_takes_it(method: str, path: str, scope: Scope | None) -> None:
    assert RouteScopes(all_routes()).needed(request(method, path)) is scope


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with running(keys_folder=tmp_path) as live:
        yield live


def key(folder: Path, scope: Scope, name: str = "phone") -> dict[str, str]:
    made = client_keys.create(folder, name=name, scope=scope, now=time.time())
    return {"authorization": f"Bearer {made}"}


BODY = {"model": "vault", "messages": [{"role": "user", "content": "?"}]}
ASKED: list[tuple[str, str, Any, Scope]] = [
    ("GET", "/v1/models", None, Scope.READ),
    ("GET", "/models", None, Scope.READ),
    ("POST", "/vault/search", {"query": "river"}, Scope.READ),
    ("POST", "/v1/chat/completions", BODY, Scope.CHAT),
    ("POST", "/chat/completions/", BODY, Scope.CHAT),
    ("POST", "/v1/v1/chat/completions", BODY, Scope.CHAT),
    ("POST", "/v1//chat//completions", BODY, Scope.CHAT),
    ("POST", "/vault/sync", {}, Scope.WRITE),
    ("POST", "/vault//sync/", {}, Scope.WRITE),
]


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CHAT, Scope.WRITE])
async def test_a_key_opens_its_scope_and_what_the_scope_includes(live: Live, tmp_path: Path, scope: Scope) -> None:
    headers = key(tmp_path, scope)
    for method, path, body, needed in ASKED:
        before = len(live.runtime.calls)
        response = await live.bare.request(method, path, headers=headers, json=body)
        if needed <= scope:
            assert response.status_code == 200, path
            assert len(live.runtime.calls) > before
        else:
            assert response.status_code == 403, path
            error = response.json()["error"]
            assert (error["type"], error["code"]) == ("permission_error", "insufficient_scope")
            assert f"has the scope {scope.title}; this needs {needed.title}" in error["message"]
            assert f'scope="{needed.title}"' in response.headers["www-authenticate"]
            assert len(live.runtime.calls) == before


async def test_an_origin_that_is_allowed_can_read_the_refusal(live: Live, tmp_path: Path) -> None:
    headers = key(tmp_path, Scope.READ) | {"origin": "app://obsidian.md", "sec-fetch-site": "cross-site"}
    response = await live.bare.post("/v1/chat/completions", headers=headers, json=BODY)
    assert response.status_code == 403
    assert response.headers["access-control-allow-origin"] == "app://obsidian.md"


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CHAT, Scope.WRITE])
async def test_no_clients_key_gets_another_key(live: Live, tmp_path: Path, scope: Scope) -> None:
    headers = key(tmp_path, scope)
    for method, path in (("GET", "/console/key"), ("POST", "/console/link"), ("GET", "/console/requests")):
        response = await live.bare.request(method, path, headers=headers)
        assert response.status_code == 403, path
        assert "sidecar token show" in response.json()["error"]["message"]
        assert TOKEN not in response.text


async def test_ollamas_clients_are_refused_in_their_own_words(live: Live, tmp_path: Path) -> None:
    response = await live.bare.post("/api/chat", headers=key(tmp_path, Scope.READ), json=BODY)
    assert response.status_code == 403
    assert "this needs chat" in response.json()["error"]


async def test_what_is_nowhere_is_nowhere_for_every_key(live: Live, tmp_path: Path) -> None:
    headers = key(tmp_path, Scope.READ)
    assert (await live.bare.get("/nothing", headers=headers)).status_code == 404
    assert (await live.bare.get("/vault/sync", headers=headers)).status_code == 405


async def test_of_two_keys_the_narrower_counts_and_each_has_to_be_right(live: Live, tmp_path: Path) -> None:
    reading = key(tmp_path, Scope.READ)["authorization"].removeprefix("Bearer ")
    both = {"authorization": f"Bearer {TOKEN}", "x-api-key": reading}
    assert (await live.bare.get("/v1/models", headers=both)).status_code == 200
    assert (await live.bare.post("/v1/chat/completions", headers=both, json=BODY)).status_code == 403
    swapped = {"authorization": f"Bearer {reading}", "x-api-key": TOKEN}
    assert (await live.bare.post("/v1/chat/completions", headers=swapped, json=BODY)).status_code == 403
    wrong = {"authorization": f"Bearer {reading}", "x-api-key": "wrong"}
    assert (await live.bare.get("/v1/models", headers=wrong)).status_code == 401


async def test_a_revoked_key_is_refused_with_the_next_request(live: Live, tmp_path: Path) -> None:
    headers, other = key(tmp_path, Scope.READ), key(tmp_path, Scope.READ, "laptop")
    assert (await live.bare.get("/v1/models", headers=headers)).status_code == 200
    revoke(tmp_path, "phone")
    refused = await live.bare.get("/v1/models", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
    assert (await live.bare.get("/v1/models", headers=other)).status_code == 200
    assert (await live.http.get("/v1/models")).status_code == 200


async def test_a_key_counts_as_used_when_it_opened_something(live: Live, tmp_path: Path) -> None:
    headers = key(tmp_path, Scope.READ)
    beside = {"x-api-key": "wrong", **headers}
    assert (await live.bare.get("/v1/models", headers=beside)).status_code == 401
    assert (await live.bare.post("/v1/chat/completions", headers=headers, json=BODY)).status_code == 403
    await asyncio.to_thread(int)
    assert not (tmp_path / USED_FILE).exists()
    assert (await live.bare.get("/v1/models", headers=headers)).status_code == 200
    await until((tmp_path / USED_FILE).exists)


async def test_ollamas_clients_may_make_sure_of_a_model_with_any_key(live: Live, tmp_path: Path) -> None:
    asked = {"model": "vault", "stream": False}
    answer = await live.bare.post("/api/pull", headers=key(tmp_path, Scope.READ), json=asked)
    assert (answer.status_code, answer.json()) == (200, {"status": "success"})
    assert (await live.bare.request("DELETE", "/api/delete", headers=key(tmp_path, Scope.CHAT, "b"))).status_code == 403


PROXIES = [
    {"x-forwarded-for": "100.64.0.9"},
    {"X-Forwarded-Host": "m.tail.ts.net"},
    {"forwarded": "for=192.0.2.1"},
    {"via": "1.1 proxy"},
    {"cf-connecting-ip": "192.0.2.1"},
    {"cf-ray": "8a"},
    {"cf-visitor": '{"scheme":"https"}'},
    {"true-client-ip": "192.0.2.1"},
    {"x-client-ip": "192.0.2.1"},
    {"x-original-forwarded-for": "192.0.2.1"},
    {"tailscale-user-login": "a@example.com"},
    {"tailscale-funnel-request": "?1"},
]


@pytest.mark.parametrize("sign", PROXIES, ids=lambda sign: next(iter(sign)))
async def test_a_server_without_a_key_answers_nobody_through_a_proxy(sign: dict[str, str]) -> None:
    async with running(token=None) as live:
        assert (await live.bare.get("/v1/models")).status_code == 200
        before = len(live.runtime.calls)
        refused = await live.bare.get("/v1/models", headers=sign)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "proxy_without_key")
        assert len(live.runtime.calls) == before


@pytest.mark.parametrize("sign", PROXIES, ids=lambda sign: next(iter(sign)))
async def test_with_a_key_a_proxys_headers_change_nothing(live: Live, sign: dict[str, str]) -> None:
    assert (await live.http.get("/v1/models", headers=sign)).status_code == 200
    assert (await live.bare.get("/v1/models", headers=sign)).status_code == 401


@pytest.mark.parametrize(
    ("host", "origins"),
    [
        (b"127.0.0.1:8484", [b"http://127.0.0.1:8484"]),
        (b"localhost:8484", [b"http://localhost:8484"]),
        (b"[::1]:8484", [b"http://[::1]:8484"]),
        (b"m.tail.ts.net", [b"http://m.tail.ts.net", b"https://m.tail.ts.net"]),
        (b"[fd7a::1]:8443", [b"http://[fd7a::1]:8443", b"https://[fd7a::1]:8443"]),
    ],
)
def test_the_servers_own_pages_have_tls_only_where_a_proxy_may_have_added_it(host: bytes, origins: list[bytes]) -> None:
    assert list(own_origins(host)) == origins
