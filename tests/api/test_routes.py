"""Paths, models and the vault's REST."""

from __future__ import annotations

import pytest

from tests.api.fakes import TOKEN
from tests.api.live import Live

pytestmark = pytest.mark.anyio


async def test_models_are_listed_with_what_plugins_look_for(live: Live) -> None:
    models = [model async for model in live.openai.models.list()]
    assert [model.id for model in models] == ["vault", "Garden/qwen:7b", "builtin"]
    assert (models[0].object, models[0].owned_by, models[0].created) == ("model", "sidecar", 1)
    assert models[0].model_extra == {
        "name": "Vault",
        "type": "llm",
        "capabilities": ["completion"],
        "context_length": 8192,
        "max_context_length": 8192,
    }
    assert models[2].model_extra is not None
    assert models[2].model_extra["type"] == "embeddings"
    assert models[1].model_extra is not None
    assert "context_length" not in models[1].model_extra


@pytest.mark.parametrize("path", ["Garden/qwen:7b", "Garden%2Fqwen%3A7b", "vault", "gpt-4.1", "text-embedding-3-small"])
async def test_one_model_is_found_by_id_or_alias(live: Live, path: str) -> None:
    response = await live.http.get(f"/v1/models/{path}")
    assert response.status_code == 200
    assert response.json()["id"] == path.replace("%2F", "/").replace("%3A", ":")


async def test_an_unknown_model_is_not_found(live: Live) -> None:
    response = await live.http.get("/v1/models/nope/nope")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"
    assert "Models here: vault, Garden/qwen:7b, builtin." in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/models", "/v1/v1/models", "/v1/models/", "//v1//models", "/v1/v1/v1//models/", "/models?x=1"],
)
async def test_every_spelling_of_a_path_reaches_the_route_without_a_redirect(live: Live, path: str) -> None:
    answer = await live.send(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 200")
    assert live.runtime.calls == ["model_entries"]


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions/", "/v1/v1/chat/completions?n=9"])
async def test_posts_are_as_tolerant_and_ignore_the_query(live: Live, path: str) -> None:
    body = {"model": "vault", "messages": [{"role": "user", "content": "?"}]}
    assert (await live.http.post(path, json=body)).status_code == 200


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/healthz", "/v1/vault/status", "/vault"])
async def test_an_unknown_path_is_json_in_openais_shape(live: Live, path: str) -> None:
    response = await live.http.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("DELETE", "/v1/models", "GET"),
        ("OPTIONS", "/v1/models", "GET"),
        ("POST", "/vault/status", "GET"),
        ("PUT", "/vault/search", "POST"),
    ],
)
async def test_a_wrong_method_is_json_and_says_which_are_right(live: Live, method: str, path: str, allow: str) -> None:
    response = await live.http.request(method, path)
    assert response.status_code == 405
    assert allow in response.headers["allow"]
    assert response.json()["error"]["code"] == "method_not_allowed"


async def test_head_is_answered_like_get_without_a_body(live: Live) -> None:
    response = await live.http.head("/v1/models")
    assert (response.status_code, response.content) == (200, b"")


async def test_search_takes_its_fields_and_gives_results(live: Live) -> None:
    body = {"query": "river", "vault": "Work", "limit": 3, "filters": {"a": 1}, "explain": True, "more": None}
    response = await live.http.post("/vault/search", json=body)
    assert response.status_code == 200
    assert response.json()["results"][0]["path"] == "Rivers.md"
    assert response.json()["took_ms"] >= 0
    assert live.runtime.vault_named("Work").searches == [
        {"query": "river", "limit": 3, "filters": {"a": 1}, "explain": True}
    ]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": 3}, "query"),
        ({"query": "x", "limit": 0}, "limit"),
        ({"query": "x", "limit": "3"}, "limit"),
        ({"query": "x", "filters": []}, "filters"),
        ({"query": "x", "explain": "yes"}, "explain"),
        ({"query": "x", "vault": "Nowhere"}, "vault"),
        ({"query": "x" * 10_001}, "query"),
    ],
)
async def test_a_wrong_search_names_the_field(live: Live, body: dict[str, object], param: str) -> None:
    response = await live.http.post("/vault/search", json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert live.runtime.calls == []


async def test_notes_are_found_by_their_path(live: Live) -> None:
    response = await live.http.get("/vault/notes/Folder/Rivers.md")
    assert response.json() == {"path": "Folder/Rivers.md", "title": "Rivers"}
    missing = await live.http.get("/vault/notes/%2e%2e/secret.md")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "note_not_found"


async def test_related_and_why_read_their_query(live: Live) -> None:
    related = await live.http.get("/vault/related", params={"path": "A b.md", "limit": 2})
    assert related.json()["results"] == [{"path": "near A b.md", "limit": 2}]
    why = await live.http.get("/vault/why", params={"path": "A.md", "query": "ü"})
    assert why.json() == {"path": "A.md", "query": "ü", "status": "indexed"}
    for path in ("/vault/related", "/vault/why", "/vault/related?path="):
        assert (await live.http.get(path)).json()["error"]["param"] == "path"
    for limit in ("0", "101", "-1", "x", "1e3", "٣"):
        wrong = await live.http.get("/vault/related", params={"path": "A.md", "limit": limit})
        assert wrong.json()["error"]["param"] == "limit"


async def test_sync_looks_at_one_vault_or_all(live: Live) -> None:
    everything = await live.http.post("/vault/sync")
    assert [vault["name"] for vault in everything.json()["vaults"]] == ["Garden", "Work"]
    one = await live.http.post("/vault/sync", json={"vault": "Work"})
    assert [vault["name"] for vault in one.json()["vaults"]] == ["Work"]
    assert live.runtime.calls == ["sync", "sync", "sync"]
    assert one.json()["vaults"][0]["accept_removals"] is False
    wanted = await live.http.post("/vault/sync", json={"accept_removals": True})
    assert all(vault["accept_removals"] for vault in wanted.json()["vaults"])


async def test_status_and_readiness(live: Live) -> None:
    assert (await live.http.get("/vault/status")).json()["version"] == "0.0.0"
    assert (await live.http.get("/readyz")).status_code == 200
    live.runtime.ready = False
    assert (await live.http.get("/readyz")).status_code == 503
