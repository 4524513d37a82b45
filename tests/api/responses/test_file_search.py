"""The hosted `file_search`, over real vaults: a search, its item and events, and citations of what was really used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.api.address import bind
from sidecar.api.app import create_app
from sidecar.api.server import serve
from sidecar.config import Config
from sidecar.runtime.runtime import Runtime, open_runtime
from sidecar.runtime.vector_store import file_id
from tests.api.responses.reading import checked, events, kinds

pytestmark = pytest.mark.anyio

NOTES = {
    "Garden": {
        "Animals/Numbat.md": "---\nlegs: 4\n---\n# Food\n\nA numbat eats termites all day long.",
        "Animals/Echidna.md": "---\nlegs: 5\n---\nAn echidna eats ants and termites at night.",
        "Boiler.md": "The boiler was repaired in March.",
    },
    "Work": {"Quoll.md": "The quoll project needs termites too."},
}
QUESTION = "What does a numbat eat?"


@asynccontextmanager
async def serving(runtime: Runtime) -> AsyncIterator[httpx2.AsyncClient]:
    sock = bind("127.0.0.1", 0)
    port: int = sock.getsockname()[1]
    runtime.listening_on(port)
    started, stop = asyncio.Event(), asyncio.Event()
    server = asyncio.create_task(serve(create_app(runtime), sock, on_started=started.set, stop=stop))
    async with asyncio.timeout(10):
        await started.wait()
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/v1", timeout=30, verify=False) as client:
            yield client
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await server


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def client(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx2.AsyncClient]:
    """One server for all: they only ask."""
    tmp_path = tmp_path_factory.mktemp("vaults")
    for vault, notes in NOTES.items():
        for path, text in notes.items():
            file = tmp_path / vault / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    config = Config(
        vaults=tuple(tmp_path / vault for vault in NOTES),
        data_dir=tmp_path / "data",
        embedding_model="none",
        auth=False,
    )
    async with open_runtime(config) as runtime:
        for opened in runtime.vaults.values():
            await opened.index(accept_removals=False, measure=False)
        async with serving(runtime) as client:
            yield client


async def ask(client: httpx2.AsyncClient, *, question: str = QUESTION, **fields: Any) -> dict[str, Any]:
    response = await client.post("/responses", json={"model": "vault", "input": question, **fields})
    assert response.status_code == 200, response.text
    return checked(response)


def tool(**fields: Any) -> dict[str, Any]:
    return {"type": "file_search", "vector_store_ids": ["vs_Garden"], **fields}


RESULTS: dict[str, Any] = {"include": ["file_search_call.results"]}


def found(body: dict[str, Any]) -> list[str]:
    call = body["output"][0]
    assert call["type"] == "file_search_call"
    return [result["filename"] for result in call["results"]]


def cited(body: dict[str, Any], kind: str = "file_citation") -> list[dict[str, Any]]:
    return [each for each in body["output"][-1]["content"][0]["annotations"] if each["type"] == kind]


async def test_a_search_is_an_item_before_the_message_that_cites_it(client: httpx2.AsyncClient) -> None:
    body = await ask(client, tools=[tool()])
    call, message = body["output"]
    assert (call["type"], call["status"], call["queries"], call["results"]) == (
        "file_search_call",
        "completed",
        [QUESTION],
        None,
    )
    assert call["id"].startswith("fs_")
    text = message["content"][0]["text"]
    assert "A numbat eats termites all day long." in text
    (file,), (url,) = cited(body), cited(body, "url_citation")
    numbat = file_id("Garden", "Animals/Numbat.md")
    assert file == {
        "type": "file_citation",
        "index": url["end_index"],
        "file_id": numbat,
        "filename": "Animals/Numbat.md",
    }
    assert text[url["start_index"] : url["end_index"]] == "[[Numbat#Food]]"
    assert url["url"] == "obsidian://open?vault=Garden&file=Animals%2FNumbat%23Food"


async def test_results_are_shown_to_clients_that_ask_for_them(client: httpx2.AsyncClient) -> None:
    body = await ask(client, tools=[tool()], **RESULTS)
    results = body["output"][0]["results"]
    first = results[0]
    assert first.keys() == {"file_id", "filename", "score", "text", "attributes"}
    assert (first["file_id"], first["filename"]) == (file_id("Garden", "Animals/Numbat.md"), "Animals/Numbat.md")
    assert "termites all day" in first["text"]
    assert first["attributes"]["legs"] == 4
    scores = [result["score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


async def test_what_was_kept_shows_results_only_when_asked(client: httpx2.AsyncClient) -> None:
    body = await ask(client, tools=[tool()])
    path = f"/responses/{body['id']}"
    assert (await client.get(path)).json() == body
    shown = (await client.get(f"{path}?include[]=file_search_call.results")).json()
    assert shown["output"][0]["results"][0]["filename"] == "Animals/Numbat.md"
    assert shown["output"][1] == body["output"][1]


async def test_what_was_kept_quotes_the_same_words_of_a_long_line(tmp_path: Path) -> None:
    folder = tmp_path / "Garden"
    folder.mkdir()
    days = [f"On day {n} the hills were green and the weather was fine, as it is in May." for n in range(60)]
    days.insert(40, "The numbat championship was held in Lagos.")
    (folder / "Diary.md").write_text(f"# Diary\n\n## May\n\n{' '.join(days)}\n", encoding="utf-8")
    config = Config(vaults=(folder,), data_dir=tmp_path / "data", embedding_model="none", auth=False)
    async with open_runtime(config) as runtime, serving(runtime) as client:
        (garden,) = runtime.vaults.values()
        await garden.index(accept_removals=False, measure=False)
        asked = {"model": "vault", "input": "Where was the numbat championship held?"}
        body = (await client.post("/responses", json=asked)).json()
        assert "numbat championship" in body["vault"]["sources"][0]["quote"]
        assert (await client.get(f"/responses/{body['id']}")).json() == body


async def test_of_a_note_that_is_gone_or_private_by_now_nothing_is_kept_or_shown(tmp_path: Path) -> None:
    folder = tmp_path / "Garden"
    for path, text in NOTES["Garden"].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    config = Config(vaults=(folder,), data_dir=tmp_path / "data", embedding_model="none", auth=False)
    async with open_runtime(config) as runtime, serving(runtime) as client:
        (garden,) = runtime.vaults.values()
        await garden.index(accept_removals=False, measure=False)
        body = await ask(client, tools=[tool()], tool_choice={"type": "file_search"}, **RESULTS)
        assert set(found(body)) == {"Animals/Numbat.md", "Animals/Echidna.md"}
        path = f"/responses/{body['id']}?include[]=file_search_call.results"
        assert (await client.get(path)).json() == body
        assert events(await client.get(f"{path}&stream=true"))[-1]["response"] == body
        files = list((tmp_path / "data").glob("responses.db*"))
        assert files
        # The answer quotes the other note.
        assert all(b"An echidna eats ants" not in file.read_bytes() for file in files)

        echidna = folder / "Animals/Echidna.md"
        echidna.write_text(f"---\nprivate: true\n---\n{echidna.read_text(encoding='utf-8')}", encoding="utf-8")
        await garden.index(accept_removals=True, measure=False)
        assert found((await client.get(path)).json()) == ["Animals/Numbat.md"]
        (folder / "Animals/Numbat.md").unlink()
        await garden.index(accept_removals=True, measure=False)
        shown = (await client.get(path)).json()
        last = events(await client.get(f"{path}&stream=true"))[-1]["response"]
        for response in (shown, last):
            assert found(response) == []
            assert [source["quote"] for source in response["vault"]["sources"]] == [""]
            assert response["output"][1] == body["output"][1]


async def test_a_stream_tells_how_the_search_goes(client: httpx2.AsyncClient) -> None:
    asked = {"model": "vault", "input": QUESTION, "tools": [tool()], "stream": True, **RESULTS}
    told = events(await client.post("/responses", json=asked))
    assert kinds(told)[:9] == [
        "created",
        "in_progress",
        "output_item.added",
        "file_search_call.in_progress",
        "file_search_call.searching",
        "file_search_call.completed",
        "output_item.done",
        "output_item.added",
        "content_part.added",
    ]
    assert {event["output_index"] for event in told[2:7]} == {0}
    assert {event["output_index"] for event in told[7:-1]} == {1}
    assert (told[2]["item"]["status"], told[2]["item"]["results"]) == ("in_progress", None)
    assert told[6]["item"] == told[-1]["response"]["output"][0]
    assert told[6]["item"]["results"][0]["filename"] == "Animals/Numbat.md"
    assert kinds(told).count("output_text.annotation.added") == 2


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({}, ["Animals/Numbat.md", "Animals/Echidna.md"]),
        ({"max_num_results": 1}, ["Animals/Numbat.md"]),
        ({"filters": {"type": "gt", "key": "legs", "value": 4}}, ["Animals/Echidna.md"]),
        ({"filters": {"type": "eq", "key": "legs", "value": 9}}, []),
        (
            {"filters": None, "max_num_results": None, "ranking_options": None},
            ["Animals/Numbat.md", "Animals/Echidna.md"],
        ),
        ({"ranking_options": {"ranker": "auto", "score_threshold": 1.0}}, []),
        ({"vector_store_ids": ["vs_Work"]}, ["Quoll.md"]),
        ({"vector_store_ids": ["vs_vault"], "max_num_results": 1}, ["Animals/Numbat.md"]),
        ({"vector_store_ids": []}, ["Animals/Numbat.md", "Animals/Echidna.md"]),
        (
            {"vector_store_ids": ["vs_Work", "vs_Garden", "vs_Work"]},
            ["Animals/Numbat.md", "Animals/Echidna.md", "Quoll.md"],
        ),
    ],
)
async def test_the_tool_says_where_and_how_much(
    client: httpx2.AsyncClient, fields: dict[str, Any], paths: list[str]
) -> None:
    body = await ask(
        client,
        question="numbat termites",
        tools=[tool(**fields)],
        tool_choice={"type": "file_search"},
        **RESULTS,
    )
    assert sorted(found(body)) == sorted(paths)
    scores = [result["score"] for result in body["output"][0]["results"]]
    assert scores == sorted(scores, reverse=True)
    assert {each["filename"] for each in cited(body)} <= set(paths)


async def test_citations_lead_into_the_vault_that_the_note_is_in(client: httpx2.AsyncClient) -> None:
    stores = ["vs_Garden", "vs_Work"]
    body = await ask(client, question="What does the quoll project need?", tools=[tool(vector_store_ids=stores)])
    (file,), (url,) = cited(body), cited(body, "url_citation")
    assert file["file_id"] == file_id("Work", "Quoll.md")
    assert url["url"] == "obsidian://open?vault=Work&file=Quoll"


async def test_notes_of_one_name_in_two_vaults_are_cited_each_in_its_own(tmp_path: Path) -> None:
    for name, food in (("Here", "purple grass"), ("There", "orange moss")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Zebra.md").write_text(f"Zebras in {name} eat {food}.", encoding="utf-8")
    vaults = (tmp_path / "Here", tmp_path / "There")
    config = Config(vaults=vaults, data_dir=tmp_path / "data", embedding_model="none", auth=False)
    async with open_runtime(config) as runtime, serving(runtime) as client:
        for vault in runtime.vaults.values():
            await vault.index(accept_removals=False, measure=False)
        both = tool(vector_store_ids=["vs_Here", "vs_There"], filters={})
        asked = {"model": "vault", "input": "What do zebras eat?", "tools": [both]}
        body = (await client.post("/responses", json=asked)).json()
    assert {each["file_id"] for each in cited(body)} == {file_id("Here", "Zebra.md"), file_id("There", "Zebra.md")}
    assert {each["url"] for each in cited(body, "url_citation")} == {
        "obsidian://open?vault=Here&file=Zebra",
        "obsidian://open?vault=There&file=Zebra",
    }


async def test_a_note_that_is_no_answer_is_found_only_when_the_search_is_forced(client: httpx2.AsyncClient) -> None:
    asked: dict[str, Any] = {"question": "Who was the first king of Sweden, in March?", "tools": [tool()], **RESULTS}
    assert found(await ask(client, **asked)) == []
    assert found(await ask(client, **asked, tool_choice={"type": "file_search"})) == ["Boiler.md"]
    assert found(await ask(client, **asked, tool_choice="required")) == ["Boiler.md"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": []},
        {"tools": [tool()], "tool_choice": "none"},
        {"tools": [tool()], "tool_choice": {"type": "allowed_tools", "tools": [{"type": "web_search"}]}},
    ],
)
async def test_without_the_tool_notes_are_added_as_in_chat(client: httpx2.AsyncClient, fields: dict[str, Any]) -> None:
    body = await ask(client, **fields)
    assert [item["type"] for item in body["output"]] == ["message"]
    assert [each["filename"] for each in cited(body)] == ["Animals/Numbat.md"]
    assert len(cited(body, "url_citation")) == 1


async def test_nothing_is_searched_for_a_client_that_wants_no_notes(client: httpx2.AsyncClient) -> None:
    body = await ask(client, tools=[tool()], vault={"mode": "never"})
    assert [item["type"] for item in body["output"]] == ["message"]
    assert cited(body) == []
    forced = await ask(client, tools=[tool()], vault={"mode": "never"}, tool_choice={"type": "file_search"})
    assert [each["filename"] for each in cited(forced)] == ["Animals/Numbat.md"]


async def test_a_follow_up_is_searched_for_with_what_was_said(client: httpx2.AsyncClient) -> None:
    first = await ask(client, question="When was the boiler repaired?", tools=[tool()])
    second = await ask(client, question="why?", tools=[tool()], previous_response_id=first["id"], **RESULTS)
    assert found(second)[0] == "Boiler.md"
    assert second["output"][0]["queries"] == ["why?"]


async def test_what_the_model_cannot_do_is_plain_http_even_after_a_search(client: httpx2.AsyncClient) -> None:
    asked = {"model": "vault", "input": QUESTION, "tools": [tool()], "stream": True}
    response = await client.post("/responses", json={**asked, "text": {"format": {"type": "json_object"}}})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "response_format")


async def test_work_in_the_background_searches_too(client: httpx2.AsyncClient) -> None:
    body = await ask(client, tools=[tool()], background=True)
    async with asyncio.timeout(10):
        while (found := (await client.get(f"/responses/{body['id']}")).json())["status"] != "completed":  # noqa: ASYNC110  # as clients poll
            await asyncio.sleep(0.01)
    assert [item["type"] for item in found["output"]] == ["file_search_call", "message"]
