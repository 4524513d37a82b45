"""Chat between retrieval and the client: what is added, what is checked, and in which pieces it leaves."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.chat import AnswerDelta, ChatRequest, answer, answering
from sidecar.index import store
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.model import Completion, Delta, Usage
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import make_entry


@dataclass
class ScriptedModel:
    """Says what it was told to say, in the given pieces, and remembers what it was asked."""

    pieces: tuple[str, ...]
    window: int | None = 8192
    asked: list[Completion] = field(default_factory=list)
    closed: bool = False
    name: str = "scripted"
    generative: bool = True
    on_this_machine: bool = True

    async def context_length(self) -> int | None:
        return self.window

    async def count_tokens(self, text: str) -> int:
        return len(text) // 4

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        self.asked.append(completion)
        try:
            for piece in self.pieces:
                yield Delta(content=piece)
            yield Delta(finish_reason="stop", usage=Usage(prompt_tokens=1, completion_tokens=2))
        finally:
            self.closed = True

    async def aclose(self) -> None: ...


@dataclass
class OneVault:
    """A vault with a real index behind it."""

    retriever: Retriever
    name: str = "notes"
    still_reading: bool = False


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[OneVault]:
    database: Database = await open_index(tmp_path, fingerprint(reading="test", embedding="none"))
    for path, text in (("Boiler.md", "The boiler repair cost 240 euros."), ("Numbat.md", "A numbat forages.")):
        await database.write(lambda c, p=path, t=text: store.replace_note(c, make_entry(p, [t], heading="Facts")))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    yield OneVault(Retriever(lambda: database, lambda: None, vector_weight=0.25))
    await database.aclose()


async def ask(
    model: ScriptedModel, vault: OneVault | None, question: str, options: Mapping[str, Any] | None = None, **more: Any
) -> list[AnswerDelta]:
    request = ChatRequest(messages=[{"role": "user", "content": question}], options=options or {}, **more)
    return [delta async for delta in answer(request, model=model, notes=vault)]


@pytest.mark.anyio
async def test_held_back_text_comes_before_the_piece_that_ends_the_answer(vault: OneVault) -> None:
    deltas = await ask(ScriptedModel(("It cost 240 [[Boi", "ler#Facts")), vault, "What did the boiler cost?")
    assert "".join(delta.content for delta in deltas).startswith("It cost 240 [[Boiler#Facts")
    assert deltas[-1].finish_reason == "stop"
    assert deltas[-1].content == ""
    assert deltas[-1].usage
    assert [delta.finish_reason for delta in deltas[:-1]] == [None] * (len(deltas) - 1)


@pytest.mark.anyio
async def test_a_question_of_few_words_finds_its_note_in_a_vault_of_few_notes(vault: OneVault) -> None:
    model = ScriptedModel(("Leaves.",))
    await ask(model, vault, "What does the numbat eat?")
    assert [source.title for source in model.asked[0].sources] == ["Numbat"]


@pytest.mark.parametrize("question", ["Hi", "Thanks a lot!", "Which quokka won the zorbing championship?"])
@pytest.mark.anyio
async def test_nothing_is_added_when_nothing_relevant_is_found(vault: OneVault, question: str) -> None:
    model = ScriptedModel(("Hello.",))
    deltas = await ask(model, vault, question)
    assert model.asked[0].sources == ()
    assert model.asked[0].messages[-1]["content"] == question
    assert deltas[-1].sources == ()


@pytest.mark.anyio
async def test_an_answer_in_json_is_left_as_it_is_and_its_sources_are_listed(vault: OneVault) -> None:
    text = '{"repair cost": "240 euros", "see": "[[Nowhere]]"}'
    options = {"response_format": {"type": "json_object"}}
    deltas = await ask(ScriptedModel((text,)), vault, "What did the boiler repair cost?", options)
    assert "".join(delta.content for delta in deltas) == text
    assert deltas[-1].sources
    assert deltas[-1].sources[0].path == "Boiler.md"


@pytest.mark.anyio
async def test_without_notes_or_with_mode_never_the_messages_are_untouched(vault: OneVault) -> None:
    for notes, mode in ((None, "auto"), (vault, "never")):
        model = ScriptedModel(("![x](https://example.org/a.png) [[Anything]]",))
        deltas = await ask(model, notes, "What did the boiler cost?", mode=mode)
        assert model.asked[0].messages == [{"role": "user", "content": "What did the boiler cost?"}]
        assert deltas[0].content == model.pieces[0]
        assert deltas[-1].sources is None


@pytest.mark.anyio
async def test_closing_the_answer_closes_the_model(vault: OneVault) -> None:
    model = ScriptedModel(("one ", "two ", "three "))
    request = ChatRequest(messages=[{"role": "user", "content": "boiler"}])
    stream = answer(request, model=model, notes=vault)
    await anext(stream)
    await stream.aclose()
    assert model.closed


@pytest.mark.anyio
async def test_filters_of_the_request_narrow_what_is_found(vault: OneVault) -> None:
    model = ScriptedModel(("x",))
    await ask(model, vault, "boiler numbat", filters={"file": "numbat"})
    assert [source.title for source in model.asked[0].sources] == ["Numbat"]


@pytest.mark.anyio
async def test_the_marker_around_the_notes_is_that_of_the_request_and_cannot_be_guessed(
    vault: OneVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prompt(question: str) -> str:
        model = ScriptedModel(("x",))
        await ask(model, vault, question)
        return str(model.asked[0].messages[-1]["content"])

    first = await prompt("What did the boiler repair cost?")
    marker = re.findall(r"</?notes ([0-9a-f]{12})>", first)
    assert len(marker) == 2
    assert await prompt("What did the boiler repair cost?") == first
    assert marker[0] not in await prompt("What did the boiler repair really cost?")
    monkeypatch.setattr(answering, "_SECRET", b"that of another process")
    assert marker[0] not in await prompt("What did the boiler repair cost?")


@pytest.mark.anyio
async def test_the_clients_tools_take_room_from_the_notes(vault: OneVault) -> None:
    tools = [{"type": "function", "function": {"name": "f", "description": "x" * 4000}}]
    plain, crowded = ScriptedModel(("x",), window=1200), ScriptedModel(("x",), window=1200)
    await ask(plain, vault, "What did the boiler repair cost?", {"max_tokens": 100})
    await ask(crowded, vault, "What did the boiler repair cost?", {"max_tokens": 100, "tools": tools})
    assert plain.asked[0].sources
    assert not crowded.asked[0].sources


@pytest.mark.parametrize("length", [4_095, 4_096, 4_097, 8_192, 20_000])
@pytest.mark.anyio
async def test_an_answer_that_comes_at_once_is_checked_in_parts_and_stays_whole(vault: OneVault, length: int) -> None:
    text = ("It cost 240 euros. " * 1_500)[:length]
    deltas = await ask(ScriptedModel((text,)), vault, "What did the boiler cost?")
    assert "".join(delta.content for delta in deltas).startswith(text.rstrip())
    assert sum(bool(delta.content) for delta in deltas) > length // 4_096
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]


@pytest.mark.anyio
async def test_a_model_that_quotes_is_given_every_passage_whatever_its_window(vault: OneVault) -> None:
    question = "What did the boiler repair cost?"
    writing, quoting = ScriptedModel(("x",), window=64), ScriptedModel(("x",), window=64, generative=False)
    written = await ask(writing, vault, f"{question} {'Please say so. ' * 40}")
    quoted = await ask(quoting, vault, f"{question} {'Please say so. ' * 40}")
    assert written[-1].trimmed
    assert quoted[-1].trimmed == 0
    assert [source.title for source in quoting.asked[0].sources] == ["Boiler"]


@pytest.mark.anyio
async def test_a_model_that_quotes_is_given_weaker_hits_too(tmp_path: Path) -> None:
    database = await open_index(tmp_path, fingerprint(reading="test", embedding="none"))
    texts = {
        "Boiler.md": "The boiler repair cost 240 euros.",
        "Boat.md": "A repair of the boat cost nothing.",
        **{f"Other {number}.md": f"Nothing of that kind, number {number}." for number in range(30)},
    }
    for path, text in texts.items():
        await database.write(lambda c, p=path, t=text: store.replace_note(c, make_entry(p, [t], heading="Facts")))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    notes = OneVault(Retriever(lambda: database, lambda: None, vector_weight=0.25))
    given = {}
    for generative in (True, False):
        model = ScriptedModel(("x",), generative=generative)
        await ask(model, notes, "What did the boiler repair cost?")
        given[generative] = {source.title for source in model.asked[0].sources}
    await database.aclose()
    assert given[True] == {"Boiler"}
    assert given[False] == {"Boiler", "Boat"}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which quokka won the zorbing championship?", "Not all of your notes have been read yet"),
        ("Quale quokka ha vinto il campionato di zorbing?", "Non tutte le tue note sono state ancora lette"),
        ("What did the boiler cost?", None),
        ("Thanks a lot!", None),
    ],
)
@pytest.mark.anyio
async def test_that_nothing_was_found_is_not_the_last_word_while_notes_are_read(
    vault: OneVault, question: str, said: str | None
) -> None:
    vault.still_reading = True
    model = ExtractiveModel()
    request = ChatRequest(messages=[{"role": "user", "content": question}])
    deltas = [delta async for delta in answer(request, model=model, notes=vault)]
    text = "".join(delta.content for delta in deltas)
    assert said in text if said else "read yet" not in text
    assert deltas[-1].still_reading is (question != "Thanks a lot!")


@pytest.mark.anyio
async def test_once_all_is_read_nothing_is_said_of_reading(vault: OneVault) -> None:
    request = ChatRequest(messages=[{"role": "user", "content": "Which quokka won the zorbing championship?"}])
    deltas = [delta async for delta in answer(request, model=ExtractiveModel(), notes=vault)]
    assert "read yet" not in "".join(delta.content for delta in deltas)
    assert not deltas[-1].still_reading
