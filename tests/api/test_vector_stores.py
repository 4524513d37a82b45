"""The vault as a vector store, through the whole application and OpenAI's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from sidecar.runtime.vector_store import file_id
from tests.api.vault_server import VaultServer, serving, write_files

pytestmark = pytest.mark.anyio

_NOTES = {
    "Rivers/Nile.md": "---\nstatus: done\nlength: 6650\nnavigable: true\n---\n# Nile\n\nThe longest river of Africa."
    "\n\n## Delta\n\n"
    + "The river ends in a delta north of Cairo. " * 20
    + "\n\n## Source\n\n"
    + "The river comes from lakes in the south. " * 20,
    "Rivers/Tejo.md": "---\nstatus: open\nlength: 1007\n---\nThe river of Lisbon. #portugal/lisbon",
    "Lakes/Como.md": "A lake in Italy, and no river.\n\n%% the river key is 4711 %%",
    "Home.md": "Nothing about water.",
    "diary.md": "---\nprivate: true\n---\nA secret river.",
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[VaultServer]:
    """Vaults that no test changes."""
    root = tmp_path_factory.mktemp("stores")
    folder = write_files(root / "Second Brain", _NOTES)
    work = write_files(root / "Work", {"Plan.md": "Build a boat for the river."})
    async with serving(folder, work, data_dir=root / "data") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "Second Brain", _NOTES)


@pytest.fixture
async def changing(folder: Path, tmp_path: Path, anyio_backend: str) -> AsyncIterator[VaultServer]:
    """A server of `folder` alone."""
    async with serving(folder, data_dir=tmp_path / "data") as running:
        yield running


async def test_every_vault_is_a_store_and_the_default_one_comes_first(server: VaultServer) -> None:
    stores = [store async for store in server.openai.vector_stores.list()]
    assert [(store.id, store.name) for store in stores] == [("vs_Second~20Brain", "Second Brain"), ("vs_Work", "Work")]
    assert (stores[0].file_counts.completed, stores[0].file_counts.total, stores[0].status) == (4, 4, "completed")
    sizes = [len(text.encode()) for path, text in _NOTES.items() if path != "diary.md"]
    assert stores[0].usage_bytes == sum(sizes)
    assert 0 < stores[0].created_at <= (stores[0].last_active_at or 0)


@pytest.mark.parametrize("wanted", ["vs_vault", "vs_Second~20Brain", "vs_Second%20Brain"])
async def test_a_store_is_found_by_each_spelling_of_its_id(server: VaultServer, wanted: str) -> None:
    answer = await server.http.get(f"/v1/vector_stores/{wanted}")
    assert (answer.status_code, answer.json()["name"]) == (200, "Second Brain")
    assert answer.json()["id"] == wanted.replace("%20", " ")


@pytest.mark.parametrize(
    ("query", "found", "more"),
    [
        ("limit=1", ["vs_Second~20Brain"], True),
        ("limit=1&after=vs_Second~20Brain", ["vs_Work"], False),
        ("order=asc", ["vs_Work", "vs_Second~20Brain"], False),
        ("before=vs_Work", ["vs_Second~20Brain"], False),
        ("after=vs_Work", [], False),
    ],
)
async def test_stores_are_listed_in_pages(server: VaultServer, query: str, found: list[str], more: bool) -> None:
    page = (await server.http.get(f"/v1/vector_stores?{query}")).json()
    assert ([store["id"] for store in page["data"]], page["has_more"]) == (found, more)
    assert (page["first_id"], page["last_id"]) == ((found[0], found[-1]) if found else (None, None))


async def test_results_are_files_in_the_order_of_their_scores(server: VaultServer) -> None:
    page = await server.openai.vector_stores.search("vs_vault", query="river", max_num_results=10)
    assert [result.filename for result in page.data].count("Rivers/Nile.md") == 1
    assert {result.filename for result in page.data} == {"Rivers/Nile.md", "Rivers/Tejo.md", "Lakes/Como.md"}
    scores = [result.score for result in page.data]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    (nile,) = [result for result in page.data if result.filename == "Rivers/Nile.md"]
    assert len(nile.content) > 1
    assert {part.type for part in nile.content} == {"text"}
    assert nile.file_id == file_id("Second Brain", "Rivers/Nile.md")
    assert "secret" not in page.to_json()
    assert "key is 4711" not in page.to_json()


async def test_attributes_tell_the_place_and_the_properties(server: VaultServer) -> None:
    (result,) = await server.search("vs_vault", "Lisbon")
    attributes = result["attributes"]
    assert attributes["path"] == result["filename"] == "Rivers/Tejo.md"
    assert attributes["folder"] == "Rivers"
    assert attributes["title"] == "Tejo"
    assert attributes["tags"] == "portugal/lisbon"
    assert attributes["lines"] == "5-5"
    assert (attributes["status"], attributes["length"]) == ("open", 1007)
    assert attributes["uri"].startswith("obsidian://open?vault=Second%20Brain&file=Rivers%2FTejo")


@pytest.mark.parametrize("wanted", [1, 2])
async def test_no_more_pieces_come_than_were_asked_for(server: VaultServer, wanted: int) -> None:
    results = await server.search("vs_vault", "river", max_num_results=wanted)
    assert sum(len(result["content"]) for result in results) == wanted


async def test_several_queries_are_answered_together(server: VaultServer) -> None:
    answer = await server.http.post("/v1/vector_stores/vs_vault/search", json={"query": ["Lisbon", "Italy"]})
    assert answer.json()["search_query"] == ["Lisbon", "Italy"]
    assert {result["filename"] for result in answer.json()["data"]} == {"Rivers/Tejo.md", "Lakes/Como.md"}


async def test_a_threshold_leaves_out_what_scores_less(server: VaultServer) -> None:
    every = await server.search("vs_vault", "river Lisbon")
    best = every[0]["score"]
    assert best > every[-1]["score"]
    some = await server.search("vs_vault", "river Lisbon", ranking_options={"score_threshold": best - 0.001})
    assert [result["filename"] for result in some] == [every[0]["filename"]]


_STATUS: dict[str, Any] = {"type": "eq", "key": "status", "value": "done"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (_STATUS, ["Rivers/Nile.md"]),
        ({"type": "gte", "key": "length", "value": 1007}, ["Rivers/Nile.md", "Rivers/Tejo.md"]),
        ({"type": "lt", "key": "length", "value": 6650}, ["Rivers/Tejo.md"]),
        ({"type": "eq", "key": "navigable", "value": True}, ["Rivers/Nile.md"]),
        ({"type": "in", "key": "status", "value": ["open", "other"]}, ["Rivers/Tejo.md"]),
        ({"type": "nin", "key": "status", "value": ["open", "done"]}, ["Lakes/Como.md"]),
        ({"type": "or", "filters": [_STATUS, {"type": "eq", "key": "folder", "value": "Lakes"}]}, None),
        ({"type": "and", "filters": [_STATUS, {"type": "eq", "key": "tags", "value": "portugal"}]}, []),
        ({}, ["Lakes/Como.md", "Rivers/Nile.md", "Rivers/Tejo.md"]),
    ],
)
async def test_filters_ask_for_properties(
    server: VaultServer, filters: dict[str, Any], found: list[str] | None
) -> None:
    for name in ("filters", "filter"):
        results = await server.search("vs_vault", "river", **{name: filters})
        wanted = ["Lakes/Como.md", "Rivers/Nile.md"] if found is None else found
        assert sorted(result["filename"] for result in results) == wanted


async def test_nulls_and_what_is_unknown_count_for_nothing(server: VaultServer) -> None:
    names = ("filters", "filter", "max_num_results", "top_k", "ranking_options", "rewrite_query")
    plain = await server.search("vs_vault", "river")
    assert await server.search("vs_vault", "river", **dict.fromkeys(names)) == plain
    options = {"ranker": "none", "hybrid_search": {"text_weight": 1}, "score_threshold": None}
    assert await server.search("vs_vault", "river", ranking_options=options, rewrite_query="x", odd=[1]) == plain
    assert len(await server.search("vs_vault", "river", top_k=1)) == 1
    assert await server.search("vs_vault", "river", top_k=10**6) == await server.search(
        "vs_vault", "river", max_num_results=50
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": []}, "query"),
        ({"query": ["a", 1]}, "query"),
        ({"query": ["a"] * 17}, "query"),
        ({"query": "x" * 1_000_000}, "query"),
        ({"query": "a", "max_num_results": 0}, "max_num_results"),
        ({"query": "a", "max_num_results": 51}, "max_num_results"),
        ({"query": "a", "max_num_results": "5"}, "max_num_results"),
        ({"query": "a", "ranking_options": {"score_threshold": 1.5}}, "ranking_options.score_threshold"),
        ({"query": "a", "filters": "status"}, "filters"),
        ({"query": "a", "filters": {"type": "like", "key": "a", "value": "b"}}, "filters.type"),
        ({"query": "a", "filters": {"type": "eq", "value": "b"}}, "filters.key"),
        ({"query": "a", "filters": {"type": "eq", "key": "a", "value": None}}, "filters.value"),
        ({"query": "a", "filters": {"type": "and", "filters": [{"type": "eq"}]}}, "filters.filters[0].key"),
    ],
)
async def test_a_wrong_request_is_refused_by_name(server: VaultServer, fields: dict[str, Any], param: str) -> None:
    answer = await server.http.post("/v1/vector_stores/vs_vault/search", json=fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("query", ["\x00", "🜁" * 9_000, "((((" * 2_000, "-" * 10_000, "[a:" * 3_000, "NEAR OR AND *"])
async def test_odd_queries_are_searched_like_any_other(server: VaultServer, query: str) -> None:
    answer = await server.http.post("/v1/vector_stores/vs_vault/search", json={"query": [query, "Lisbon"]})
    assert answer.status_code == 200
    assert "Rivers/Tejo.md" in {result["filename"] for result in answer.json()["data"]}


async def test_what_changes_in_the_vault_is_in_the_next_search(changing: VaultServer, folder: Path) -> None:
    (result,) = await changing.search("vs_vault", "Lisbon")
    path = f"/v1/vector_stores/vs_vault/files/{result['file_id']}"
    assert (await changing.http.get(path)).status_code == 200
    (folder / "Rivers/Tejo.md").unlink()
    write_files(folder, {"New.md": "Lisbon has hills."})
    await changing.look(accept_removals=True)
    (other,) = await changing.search("vs_vault", "Lisbon")
    assert (other["filename"], other["content"][0]["text"]) == ("New.md", "Lisbon has hills.")
    for gone in (path, f"{path}/content", f"/v1/files/{result['file_id']}"):
        assert (await changing.http.get(gone)).status_code == 404
    assert (await changing.http.get(f"/v1/files/{other['file_id']}")).json()["filename"] == "New.md"


async def test_a_row_of_a_table_belongs_to_the_tables_file(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "Export", {"Data/Boats.csv": "Name,Colour\nA#1/x,crimson\nB,blue\n"})
    async with serving(folder, data_dir=tmp_path / "data", kinds={"Export": "notion"}) as server:
        (result,) = await server.search("vs_vault", "crimson")
        assert (result["filename"], result["attributes"]["folder"]) == ("Data/Boats.csv", "Data")
        assert result["attributes"]["Colour"] == "crimson"
        files = server.openai.vector_stores.files
        stored = await files.retrieve(result["file_id"], vector_store_id="vs_vault")
        assert (stored.attributes or {})["path"] == "Data/Boats.csv"
        assert [file.id async for file in files.list("vs_vault")] == [stored.id]
        text = "".join([part.text or "" async for part in files.content(stored.id, vector_store_id="vs_vault")])
        assert "crimson" in text
        assert "blue" in text


async def test_files_are_listed_page_after_page(server: VaultServer) -> None:
    listed = [file async for file in server.openai.vector_stores.files.list("vs_vault", limit=1)]
    assert sorted(str((file.attributes or {})["path"]) for file in listed) == sorted(set(_NOTES) - {"diary.md"})
    assert {(file.status, file.last_error, file.vector_store_id) for file in listed} == {
        ("completed", None, "vs_vault")
    }
    other = [file async for file in server.openai.vector_stores.files.list("vs_vault", limit=3, order="asc")]
    assert [file.id for file in other] == [file.id for file in listed][::-1]
    before = await server.openai.vector_stores.files.list("vs_vault", limit=2, before=listed[3].id)
    assert [file.id for file in before.data] == [file.id for file in listed[1:3]]
    assert before.has_more is True
    between = await server.openai.vector_stores.files.list("vs_vault", after=listed[0].id, before=listed[3].id)
    assert [file.id for file in between.data] == [file.id for file in listed[1:3]]


async def test_turning_pages_misses_nothing_while_the_vault_changes(changing: VaultServer, folder: Path) -> None:
    files = changing.openai.vector_stores.files
    first = await files.list("vs_vault", limit=2)
    last = (first.data[-1].attributes or {})["path"]
    unseen = {(file.attributes or {})["path"] for file in (await files.list("vs_vault")).data[2:]}
    # What was read is edited, what ended the page is deleted, what is to come is edited, and a file comes.
    write_files(folder, {str(path): "Edited." for path in unseen} | {"Fresh.md": "New."})
    (folder / str(last)).unlink()
    await changing.look(accept_removals=True)
    rest = [file async for file in files.list("vs_vault", limit=1, after=first.data[-1].id)]
    assert {(file.attributes or {})["path"] for file in rest} == unseen
    assert len(rest) == len(unseen)


async def test_a_file_that_could_not_be_read_has_failed_and_says_why(changing: VaultServer, folder: Path) -> None:
    with (folder / "Endless.md").open("wb") as file:
        file.truncate(200 * 2**20)
    await changing.look()
    (failed,) = [file async for file in changing.openai.vector_stores.files.list("vs_vault", filter="failed")]
    assert failed.status == "failed"
    assert failed.last_error is not None
    assert failed.last_error.code == "invalid_file"
    assert failed.last_error.message
    assert (await changing.openai.vector_stores.retrieve("vs_vault")).file_counts.failed == 1
    assert (await changing.openai.files.retrieve(failed.id)).status == "error"
    done = [file async for file in changing.openai.vector_stores.files.list("vs_vault", filter="completed")]
    assert failed.id not in {file.id for file in done}
    assert len(done) == 4
    assert not (await changing.openai.vector_stores.files.list("vs_vault", filter="in_progress")).data


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=²", "limit"),
        ("order=up", "order"),
        ("filter=done", "filter"),
        ("after=file-nope", "after"),
        ("before=file-000000000000000000000000", "before"),
        ("after=%00", "after"),
    ],
)
async def test_a_wrong_page_is_refused_by_name(server: VaultServer, query: str, param: str) -> None:
    answer = await server.http.get(f"/v1/vector_stores/vs_vault/files?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_a_file_is_found_in_its_own_store_alone(server: VaultServer) -> None:
    plan = file_id("Work", "Plan.md")
    assert (await server.http.get(f"/v1/vector_stores/vs_Work/files/{plan}")).status_code == 200
    assert (await server.http.get(f"/v1/vector_stores/vs_vault/files/{plan}")).status_code == 404
    private = file_id("Second Brain", "diary.md")
    assert (await server.http.get(f"/v1/vector_stores/vs_vault/files/{private}")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["vs_nope", "vs_", "nope/files", "vs_vault/files/x", "vs_vault/files/file-zz/content", "vs_vault/file_batches/b"],
)
async def test_what_is_not_there_is_404_in_openais_shape(server: VaultServer, path: str) -> None:
    answer = await server.http.get(f"/v1/vector_stores/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "vector_stores"),
        ("POST", "vector_stores/vs_vault"),
        ("DELETE", "vector_stores/vs_vault"),
        ("POST", "vector_stores/vs_vault/files"),
        ("POST", "vector_stores/vs_vault/files/file-1"),
        ("DELETE", "vector_stores/vs_vault/files/file-1"),
        ("POST", "vector_stores/vs_vault/file_batches"),
        ("POST", "vector_stores/vs_vault/file_batches/b/cancel"),
    ],
)
async def test_writing_is_refused_and_says_where_the_vault_is_edited(
    server: VaultServer, method: str, path: str
) -> None:
    answer = await server.http.request(method, f"/v1/{path}", json={"name": "mine"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (403, "vault_read_only", "invalid_request_error")
    assert "edited in Obsidian" in error["message"]


async def test_the_official_client_raises_what_it_does_not_try_again(server: VaultServer) -> None:
    with pytest.raises(openai.PermissionDeniedError, match="Obsidian"):
        await server.openai.vector_stores.create(name="mine")
    with pytest.raises(openai.PermissionDeniedError, match="Obsidian"):
        await server.openai.vector_stores.file_batches.create("vs_vault", file_ids=["file-1"])
    with pytest.raises(openai.NotFoundError):
        await server.openai.vector_stores.search("vs_nope", query="river")
