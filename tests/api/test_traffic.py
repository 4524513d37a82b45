"""Who asks is told by counts and routes: nothing that was said, and no more than a bounded number."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sidecar.api.traffic import MAX_CLIENTS, RECENT, client_name
from tests.api.fakes import Script
from tests.api.live import Live

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
    assert client_name([(b"user-agent", agent.encode("utf-8"))]) == name


async def told(live: Live) -> dict[str, Any]:
    answer: dict[str, Any] = (await live.http.get("/console/requests")).json()
    return answer


async def test_requests_are_counted_by_client_with_what_came_of_them(live: Live) -> None:
    agent = {"user-agent": "curl/8.5.0"}
    await live.http.get("/v1/models", headers=agent)
    await live.http.get("/vault/notes/Folder/Secret%20name.md?vault=Garden&x=4471-B", headers=agent)
    await live.http.get("/no/such/4471-B", headers=agent)
    await live.bare.get("/v1/models", headers=agent)
    answer = await told(live)
    (client,) = answer["clients"]
    assert {key: client[key] for key in ("name", "requests", "refused", "failed", "running")} == {
        "name": "curl",
        "requests": 4,
        "refused": 1,
        "failed": 2,
        "running": 0,
    }
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
    assert not any(word in text for word in ("4471", "Secret", "Nile", "query="))


async def test_a_request_under_way_is_told_as_running(live: Live) -> None:
    ends = asyncio.Event()
    live.runtime.scripts.append(Script(ends))
    asking = asyncio.create_task(live.chat())
    await live.runtime.wait_for(opened=1)
    (client,) = (await told(live))["clients"]
    assert (client["running"], client["requests"], client["last"]) == (1, 0, None)
    ends.set()
    await asking
    # The client has its answer a moment before the request has ended.
    async with asyncio.timeout(10):
        while (client := (await told(live))["clients"][0])["running"]:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0)
    assert client["requests"] == 1


async def test_the_console_itself_is_not_told(live: Live) -> None:
    await live.bare.get("/")
    await live.bare.get("/console/main.js")
    await live.http.get("/vault/status", headers={"sec-fetch-site": "same-origin"})
    assert await told(live) | {"since": 0} == {"since": 0, "clients": [], "recent": []}


async def test_neither_many_requests_nor_many_clients_take_more_room(live: Live) -> None:
    for number in range(RECENT + 20):
        await live.bare.get("/healthz", headers={"user-agent": f"client{number}/1"})
    answer = await told(live)
    assert len(answer["recent"]) == RECENT
    assert len(answer["clients"]) == MAX_CLIENTS + 1
    assert sum(client["requests"] for client in answer["clients"]) == RECENT + 20
    assert (
        next(client for client in answer["clients"] if client["name"] == "other")["requests"]
        == RECENT + 20 - MAX_CLIENTS
    )
