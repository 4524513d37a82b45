"""Who asks is told by counts and routes: nothing that was said, and no more than a bounded number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.api.programs import program_name
from sidecar.api.traffic import MAX_CLIENTS, MAX_PROGRAMS, RECENT
from sidecar.runtime import client_keys
from sidecar.runtime.client_keys import Scope
from tests.api.fakes import Script
from tests.api.live import Live, running

pytestmark = pytest.mark.anyio

AGENTS = [
    ("Mozilla/5.0 (X11) AppleWebKit/537.36 obsidian/1.9.2 Chrome/138.0 Electron/37 Safari/537.36", "Obsidian"),
    ("OpenAI/Python 2.9.0", "OpenAI (Python)"),
    ("AsyncOpenAI/Python 2.9.0", "OpenAI (Python)"),
    ("OpenAI/JS 6.1.0", "OpenAI (JavaScript)"),
    ("python-httpx/0.28.1", "HTTPX"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
    ("Mozilla/5.0 AppleWebKit/537.36 Chrome/138.0 Safari/537.36 Edg/138.0", "Edge"),
    ("Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18 Safari/605", "Safari"),
    ("curl/8.5.0", "curl"),
    ("ollama-python/0.6 (x86_64 linux)", "ollama-python"),
    ("", "other"),
    ("<script>alert(1)</script>", "other"),
    ("日本", "other"),
    ("a" * 100_000, "a" * 32),
    (" ", "other"),
    ("note text: 4471-B", "note"),
]


@pytest.mark.parametrize(("agent", "name"), AGENTS, ids=[str(number) for number in range(len(AGENTS))])
async def test_a_client_is_told_by_the_family_of_what_it_calls_itself(agent: str, name: str) -> None:
    assert program_name([(b"user-agent", agent.encode("utf-8"))]) == name


async def told(live: Live, *, settled: bool = True) -> dict[str, Any]:
    """What is told, once nothing is under way: a client has its answer a moment before the request has ended."""
    async with asyncio.timeout(10):
        while True:
            answer: dict[str, Any] = (await live.http.get("/console/requests")).json()
            if not settled or not any(client["running"] for client in answer["clients"]):
                return answer
            await asyncio.sleep(0)


async def test_requests_are_counted_by_client_with_what_came_of_them(live: Live) -> None:
    agent = {"user-agent": "curl/8.5.0"}
    await live.http.get("/v1/models", headers=agent)
    await live.http.get("/vault/notes/Folder/Secret%20name.md?vault=Garden&x=4471-B", headers=agent)
    await live.http.get("/no/such/4471-B", headers=agent)
    await live.bare.get("/v1/models", headers=agent)
    answer = await told(live)
    counted = ("name", "key", "scope", "requests", "refused", "failed", "running")
    assert [tuple(client[field] for field in counted) for client in answer["clients"]] == [
        ("other", None, None, 1, 1, 0, 0),
        ("curl", "owner", "owner", 3, 0, 2, 0),
    ]
    assert {seen["client"] for seen in answer["recent"]} == {"curl"}
    assert [(seen["route"], seen["status"]) for seen in answer["recent"]] == [
        (None, 401),
        (None, 404),
        ("/vault/notes/{path:path}", 404),
        ("/v1/models", 200),
    ]


async def test_nothing_of_what_was_asked_or_answered_is_told(live: Live) -> None:
    await live.chat(messages=[{"role": "user", "content": "the gate code 4471-B"}])
    await live.http.get("/vault/why?path=Secret.md&query=4471-B")
    await live.http.post("/vault/search", json={"query": "4471-B"})
    text = (await live.http.get("/console/requests")).text
    assert not any(word in text for word in ("4471-B", "Secret", "Nile", "query="))


async def test_a_request_under_way_is_told_as_running(live: Live) -> None:
    ends = asyncio.Event()
    live.runtime.scripts.append(Script(ends))
    asking = asyncio.create_task(live.chat())
    await live.runtime.wait_for(opened=1)
    (client,) = (await told(live, settled=False))["clients"]
    assert (client["running"], client["requests"], client["last"]) == (1, 0, None)
    ends.set()
    await asking
    (client,) = (await told(live))["clients"]
    assert (client["running"], client["requests"]) == (0, 1)


async def signed_in(live: Live) -> dict[str, str]:
    """The headers of a page that is signed in."""
    code = (await live.http.post("/console/link")).json()["path"].removeprefix("/#sign-in=")
    key = (await live.bare.post("/console/sign-in", json={"code": code})).json()["key"]
    return {"authorization": f"Bearer {key}", "sec-fetch-site": "same-origin"}


async def test_the_console_itself_is_not_told(live: Live) -> None:
    await live.bare.get("/")
    await live.bare.get("/console//main.js")
    page = await signed_in(live)
    await live.bare.get("/vault/status", headers=page)
    await live.bare.post("/vault/search", headers=page, json={"query": "x"})
    assert await told(live) | {"since": 0} == {"since": 0, "clients": [], "recent": []}


async def test_without_a_key_the_page_is_known_by_what_its_browser_says() -> None:
    async with running(token=None) as live:
        await live.bare.get("/vault/status", headers={"sec-fetch-site": "same-origin"})
        await live.bare.get("/v1/models", headers={"user-agent": "curl/8"})
        (client,) = (await told(live))["clients"]
        assert (client["name"], client["key"], client["scope"], client["requests"]) == ("curl", None, "owner", 1)


async def test_whoever_says_to_be_the_page_is_told_like_everyone(live: Live) -> None:
    await live.http.get("/v1/models", headers={"user-agent": "curl/8", "sec-fetch-site": "same-origin"})
    await live.bare.get("/v1/models", headers={"user-agent": "curl/8", "sec-fetch-site": "same-origin"})
    assert [(seen["status"], seen["key"]) for seen in (await told(live))["recent"]] == [(401, None), (200, "owner")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/console/key", 401),
        ("GET", "/console//key", 401),
        ("POST", "/console/link", 401),
        ("POST", "/console/sign-in", 401),
        ("GET", "/console/key", 403),
        ("GET", "/", 403),
        ("GET", "/", 421),
    ],
)
async def test_whoever_is_refused_at_the_console_is_told(live: Live, method: str, path: str, status: int) -> None:
    headers = {403: {"origin": "https://evil.example"}, 421: {"host": "evil.example"}}.get(status, {})
    body = {"code": "x" * 43} if method == "POST" else None
    assert (await live.bare.request(method, path, headers=headers, json=body)).status_code == status
    answer = await told(live)
    assert [seen["status"] for seen in answer["recent"]] == [status]
    assert [(client["key"], client["requests"]) for client in answer["clients"]] == [(None, 1)]


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Live]:
    async with running(keys_folder=tmp_path) as live:
        yield live


def made(folder: Path, name: str, scope: Scope = Scope.CHAT) -> dict[str, str]:
    key = client_keys.create(folder, name=name, scope=scope, now=time.time())
    return {"authorization": f"Bearer {key}"}


async def test_two_phones_with_one_program_are_two_clients(keyed: Live, tmp_path: Path) -> None:
    app = {"user-agent": "Chatty/2.1 (iPhone)"}
    for name, scope in (("Inês", Scope.READ), ("Bruno", Scope.CHAT), ("owner", Scope.WRITE)):
        await keyed.bare.get("/v1/models", headers={**app, **made(tmp_path, name, scope)})
    await keyed.http.get("/v1/models", headers=app)
    answer = await told(keyed)
    rows = {(row["name"], row["key"], row["scope"], row["requests"]) for row in answer["clients"]}
    assert rows == {
        ("Chatty", "Inês", "read", 1),
        ("Chatty", "Bruno", "chat", 1),
        ("Chatty", "owner", "write", 1),
        ("Chatty", "owner", "owner", 1),
    }
    assert all(row["last"] is not None for row in answer["clients"])
    assert [(seen["key"], seen["scope"]) for seen in answer["recent"]][-1] == ("Inês", "read")


async def test_of_two_keys_the_one_that_decides_is_named(keyed: Live, tmp_path: Path) -> None:
    narrow = made(tmp_path, "phone", Scope.READ)["authorization"].removeprefix("Bearer ")
    await keyed.http.get("/v1/models", headers={"x-api-key": narrow})
    (client,) = (await told(keyed))["clients"]
    assert (client["key"], client["scope"]) == ("phone", "read")


async def test_a_key_for_less_is_named_where_it_is_refused(keyed: Live, tmp_path: Path) -> None:
    await keyed.bare.post("/v1/chat/completions", headers=made(tmp_path, "phone", Scope.READ), json={})
    (client,) = (await told(keyed))["clients"]
    assert (client["key"], client["refused"]) == ("phone", 1)


async def test_many_requests_take_no_more_room(live: Live) -> None:
    for _ in range(RECENT + 20):
        await live.bare.get("/healthz")
    answer = await told(live)
    assert len(answer["recent"]) == RECENT
    assert [client["requests"] for client in answer["clients"]] == [RECENT + 20]


@pytest.mark.parametrize("key", ["none", "wrong"])
async def test_who_has_no_key_takes_nobodys_place(live: Live, key: str) -> None:
    wrong = {"authorization": "Bearer wrong"} if key == "wrong" else {}
    for number in range(2 * MAX_CLIENTS):
        for path in ("/healthz", "/nope"):
            await live.bare.get(path, headers={"user-agent": f"ua{number}/1", **wrong})
    await live.http.get("/v1/models", headers={"user-agent": "Chatty/2"})
    rows = [(client["name"], client["key"], client["requests"]) for client in (await told(live))["clients"]]
    assert rows == [("Chatty", "owner", 1), ("other", None, 4 * MAX_CLIENTS)]


async def test_no_key_takes_the_place_of_others_by_many_names(keyed: Live, tmp_path: Path) -> None:
    greedy, modest = made(tmp_path, "greedy"), made(tmp_path, "modest")
    for number in range(MAX_CLIENTS + 1):
        await keyed.bare.get("/v1/models", headers={"user-agent": f"ua{number}/1", **greedy})
    await keyed.bare.get("/v1/models", headers={"user-agent": "Chatty/2", **modest})
    rows = [(client["name"], client["key"], client["requests"]) for client in (await told(keyed))["clients"]]
    assert rows[:2] == [("Chatty", "modest", 1), ("other", "greedy", MAX_CLIENTS + 1 - MAX_PROGRAMS)]
    assert len(rows) == MAX_PROGRAMS + 2


async def test_many_keys_take_no_more_room_than_there_is(keyed: Live, tmp_path: Path) -> None:
    for number in range(MAX_CLIENTS + 3):
        await keyed.bare.get("/v1/models", headers={"user-agent": "Chatty/2", **made(tmp_path, f"phone {number}")})
    clients = (await told(keyed))["clients"]
    assert len(clients) == MAX_CLIENTS + 1
    assert sum(client["requests"] for client in clients) == MAX_CLIENTS + 3
    assert next(client["requests"] for client in clients if client["key"] is None) == 3
