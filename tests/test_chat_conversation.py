"""A follow-up finds the passages of what the conversation is about, in a real index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.chat import ChatRequest, Mode, find_passages
from sidecar.index import store
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.inference.model import Message
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import make_entry
from tests.test_chat import OneVault

NOTES = {
    "Boiler.md": "The boiler was repaired in March by Marta. The repair cost 240 euros.",
    "Trip.md": "The trip to Lisbon cost 900 euros.",
    "Phone.md": "The phone of Marta rings at 555 0199.",
    "Numbat.md": "A numbat forages for termites.",
}
ASKED: list[Message] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "When was the boiler repaired?"},
    {"role": "assistant", "content": "In March, by Marta. [[Boiler]]"},
]


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[OneVault]:
    database = await open_index(tmp_path, fingerprint(reading="test", embedding="none"))
    for path, text in NOTES.items():
        await database.write(lambda c, p=path, t=text: store.replace_note(c, make_entry(p, [t])))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    yield OneVault(Retriever(lambda: database, lambda: None, vector_weight=0.25))
    await database.aclose()


async def found(vault: OneVault, messages: list[Message], mode: Mode = "auto") -> list[str]:
    return [passage.path for passage in await find_passages(ChatRequest(messages=messages, mode=mode), vault)]


@pytest.mark.parametrize(
    ("last", "first"),
    [
        ("and how much did it cost?", "Boiler.md"),
        ("why?", "Boiler.md"),
        ("shorter, please", "Boiler.md"),
        ("What does the numbat eat?", "Numbat.md"),
        ("What did the trip to Lisbon cost?", "Trip.md"),
    ],
)
@pytest.mark.anyio
async def test_the_last_message_is_searched_with_what_was_said(vault: OneVault, last: str, first: str) -> None:
    assert (await found(vault, [*ASKED, {"role": "user", "content": last}]))[0] == first


@pytest.mark.anyio
async def test_whom_the_answer_named_is_found_too(vault: OneVault) -> None:
    messages: list[Message] = [*ASKED, {"role": "user", "content": "what is her phone number?"}]
    assert (await found(vault, messages, "always"))[:2] == ["Boiler.md", "Phone.md"]


@pytest.mark.anyio
async def test_a_new_question_without_an_answer_in_the_notes_finds_none_of_the_old_ones(vault: OneVault) -> None:
    assert await found(vault, [*ASKED, {"role": "user", "content": "Which quokka won the zorbing championship?"}]) == []
