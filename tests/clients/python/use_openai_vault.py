"""OpenAI's own client: the vault as a vector store, its notes as files, and file search over it."""

from __future__ import annotations

from typing import Any

import openai

from tests.clients.python.harness import call, raises, report, service
from tests.clients.python.openai_connection import client


@call("responses.create, file_search")
def file_search() -> None:
    answer = client.responses.create(
        model=service.quoting,
        input=service.question,
        tools=[{"type": "file_search", "vector_store_ids": [_store()], "max_num_results": 3}],
        include=["file_search_call.results"],
    )
    (searched,) = [item for item in answer.output if item.type == "file_search_call"]
    assert searched.results
    assert any(result.filename and result.filename.endswith(_name()) for result in searched.results)
    assert service.fact in answer.output_text
    (message,) = [item for item in answer.output if item.type == "message"]
    kinds = {each.type for part in message.content if part.type == "output_text" for each in part.annotations}
    assert "file_citation" in kinds, kinds


@call("responses.create, file_search, stream")
def file_search_stream() -> None:
    events = client.responses.create(
        model=service.quoting,
        input=service.question,
        tools=[{"type": "file_search", "vector_store_ids": [_store()]}],
        stream=True,
    )
    kinds = [event.type for event in events]
    steps = [f"response.file_search_call.{step}" for step in ("in_progress", "searching", "completed")]
    assert [kind for kind in kinds if kind in steps] == steps, kinds
    assert "response.output_text.annotation.added" in kinds, kinds


def _name() -> str:
    return service.note.rsplit("/", 1)[-1]


def _store() -> str:
    first: str = next(iter(client.vector_stores.list())).id
    return first


@call("vector_stores.list, retrieve")
def stores() -> None:
    store = client.vector_stores.retrieve(_store())
    assert store.status == "completed"
    assert store.file_counts.total > 0


@call("vector_stores.search")
def store_search() -> None:
    page = client.vector_stores.search(_store(), query=service.question, max_num_results=5)
    scores = [result.score for result in page.data]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert page.data[0].filename.endswith(_name()), [result.filename for result in page.data]
    assert service.fact in " ".join(part.text for result in page.data for part in result.content)


@call("vector_stores.search, filters")
def store_filters() -> None:
    folder = service.note.rsplit("/", 1)[0]
    here = client.vector_stores.search(
        _store(), query=service.question, filters={"type": "eq", "key": "folder", "value": folder}
    )
    assert any(result.filename.endswith(_name()) for result in here.data)
    elsewhere = client.vector_stores.search(
        _store(),
        query=service.question,
        filters={"type": "and", "filters": [{"type": "ne", "key": "folder", "value": folder}]},
    )
    assert not any(result.filename.endswith(_name()) for result in elsewhere.data)


@call("vector_stores.files.list, retrieve, content")
def store_files() -> None:
    store = _store()
    files = list(client.vector_stores.files.list(store, limit=10))
    assert len(files) > 10, "the pages do not go on"
    assert len({file.id for file in files}) == len(files)
    wanted = client.vector_stores.search(store, query=service.question).data[0].file_id
    assert client.vector_stores.files.retrieve(wanted, vector_store_id=store).status == "completed"
    text = "".join(part.text or "" for part in client.vector_stores.files.content(wanted, vector_store_id=store))
    assert service.fact in text


@call("files.list, retrieve, content")
def files() -> None:
    listed = {file.filename: file.id for file in client.files.list()}
    (wanted,) = [each for name, each in listed.items() if name.endswith(_name())]
    assert client.files.retrieve(wanted).status == "processed"
    assert service.fact in client.files.content(wanted).text


@call("vector_stores.create, files.create, delete: refused")
def writes() -> None:
    store = _store()
    attempts: list[Any] = [
        lambda: client.vector_stores.create(name="mine"),
        lambda: client.vector_stores.delete(store),
        lambda: client.files.create(file=("note.md", b"# Note"), purpose="assistants"),
    ]
    for attempt in attempts:
        with raises(openai.APIStatusError) as caught:
            attempt()
        assert 400 <= caught.error.status_code < 500
        assert "Obsidian" in caught.error.message, caught.error.message


report("openai")
