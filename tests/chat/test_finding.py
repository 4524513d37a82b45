"""When notes are searched for, what of them is given, and what the model is told, in a real index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sidecar.chat import ChatRequest, Mode, answer, find_hits, searches
from sidecar.index import store
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import open_index
from sidecar.inference.model import Message
from sidecar.retrieval.retriever import Retriever
from tests.index.entries import make_entry
from tests.test_chat import OneVault, ScriptedModel

NOTES = {
    "House/Boiler.md": "The boiler was repaired in March by Marta. The repair cost 240 euros.",
    "House/Dentist.md": "The dentist appointment is on 12 March at 9.",
    "Work/Plan.md": "Write the report about moths.",
    "Work/Hello.md": "Hello there, good morning, thank you, how are you, who are you, what can you do.",
    "回忆.md": "锅炉在三月修好了，花了两百四十欧元。",
}
TITLE = '### Task:\nA title.\n### Output:\n{ "title": "x" }\n<chat_history>\nUSER: boiler repair cost?\n</chat_history>'
NOTHING = "Which quokka won the zorbing championship?"


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[OneVault]:
    database = await open_index(tmp_path, fingerprint(reading="test", embedding="none"))
    for path, text in NOTES.items():
        tags = ("work",) if path.startswith("Work/") else ()
        await database.write(lambda c, p=path, t=text, g=tags: store.replace_note(c, make_entry(p, [t], tags=g)))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    yield OneVault(Retriever(lambda: database, lambda: None, vector_weight=0.25))
    await database.aclose()


def said(*texts: str) -> list[Message]:
    """A conversation in which the user begins."""
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]


async def found(vault: OneVault, *texts: str, mode: Mode = "auto", **more: Any) -> list[str]:
    return [
        hit.chunk.note.path for hit in await find_hits(ChatRequest(messages=said(*texts), mode=mode, **more), vault)
    ]


async def told(vault: OneVault, messages: list[Message], **more: Any) -> list[Mapping[str, Any]]:
    """What the model is given."""
    model = ScriptedModel(("Well.",))
    async for _ in answer(ChatRequest(messages=messages, **more), model=model, notes=vault):
        pass
    return list(model.asked[0].messages)


@pytest.mark.parametrize(
    "text", ["hi", "thanks a lot!", "Hello there, how are you?", "who are you?", "👍", "你好", TITLE]
)
@pytest.mark.anyio
async def test_small_talk_and_housekeeping_reach_the_model_as_they_are(vault: OneVault, text: str) -> None:
    messages: list[Message] = [{"role": "system", "content": "Be kind."}, *said(text)]
    assert await told(vault, messages) == messages
    assert await found(vault, text, filters={"tag": "work"}) == []


@pytest.mark.parametrize("text", ["hi", TITLE])
@pytest.mark.anyio
async def test_when_notes_are_always_wanted_they_are_searched_for_anything(vault: OneVault, text: str) -> None:
    assert await told(vault, said(text), mode="always") != said(text)
    assert searches(ChatRequest(messages=said(text), mode="always"))


@pytest.mark.anyio
async def test_a_greeting_before_a_question_does_not_keep_it_from_being_searched_for(vault: OneVault) -> None:
    assert await found(vault, "hi, when is my dentist appointment?") == ["House/Dentist.md"]
    assert await found(vault, "你好，锅炉修好了吗？谢谢！") == ["回忆.md"]


@pytest.mark.anyio
async def test_a_greeting_of_a_few_tokens_is_not_searched_for(vault: OneVault) -> None:
    request = ChatRequest(messages=said("Say 'boiler'. This is a connection test"), options={"max_tokens": True})
    assert searches(request)
    assert not searches(ChatRequest(messages=said("test"), options={"max_tokens": 5}))


@pytest.mark.anyio
async def test_a_search_without_a_find_is_told_to_the_model(vault: OneVault) -> None:
    given = await told(vault, said(NOTHING))
    assert given[0]["role"] == "system"
    assert given[1:] == said(NOTHING)


@pytest.mark.parametrize(
    ("answered", "reply", "first"),
    [
        ("Do you mean the boiler?", "yes", "House/Boiler.md"),
        ("Meinst du den Boiler?**", "ja", "House/Boiler.md"),
        ("你是说 boiler 吗？", "是的", "House/Boiler.md"),
        ("It was repaired in March.", "ok", None),
        ("It was repaired in March.", "👍", None),
        ("Do you mean the boiler?", "thanks!", None),
    ],
)
@pytest.mark.anyio
async def test_yes_is_searched_for_when_it_answers_a_question(
    vault: OneVault, answered: str, reply: str, first: str | None
) -> None:
    paths = await found(vault, "What did the boiler repair cost?", answered, reply)
    assert (paths[0] if paths else None) == first


@pytest.mark.parametrize(
    ("text", "filters", "paths"),
    [
        (NOTHING, {"tag": "work"}, {"Work/Plan.md", "Work/Hello.md"}),
        ("sum these up", {"path": "Work"}, {"Work/Plan.md", "Work/Hello.md"}),
        (f"{NOTHING} path:House", None, {"House/Boiler.md", "House/Dentist.md"}),
        ("moths boiler #work", None, {"Work/Plan.md"}),
        (f"{NOTHING} [[Plan]]", None, {"Work/Plan.md"}),
    ],
)
@pytest.mark.anyio
async def test_what_a_filter_or_a_mention_selects_is_given_whatever_it_says(
    vault: OneVault, text: str, filters: Mapping[str, Any] | None, paths: set[str]
) -> None:
    assert set(await found(vault, text, filters=filters)) == paths


@pytest.mark.anyio
async def test_what_is_only_excluded_selects_nothing(vault: OneVault) -> None:
    assert await found(vault, "zorbing championship -boiler") == []
    assert await found(vault, "dentist appointment -boiler") == ["House/Dentist.md"]


@pytest.mark.anyio
async def test_a_filter_that_admits_nothing_gives_nothing(vault: OneVault) -> None:
    assert await found(vault, "boiler", filters={"tag": "nowhere"}) == []


def test_nothing_is_searched_for_where_notes_are_never_wanted() -> None:
    assert not searches(ChatRequest(messages=said("What did the boiler cost?"), mode="never"))


QUOTED = "{question}\n\n----- begin x -----\n#work [[Dentist]] path:Work/ -boiler\n----- end x -----"


@pytest.mark.anyio
async def test_what_a_client_quotes_beside_the_question_is_not_searched_for(vault: OneVault) -> None:
    question = "What did the boiler repair cost?"
    quoted = QUOTED.format(question=question)
    # The note that is quoted would exclude what is asked for.
    assert "House/Boiler.md" not in await found(vault, quoted)
    assert await found(vault, quoted, question=question) == await found(vault, question) == ["House/Boiler.md"]
    assert await found(vault, quoted, question="[[Dentist]] When is it?") == ["House/Dentist.md"]
    assert not searches(ChatRequest(messages=said(quoted), question="thanks!"))


@pytest.mark.anyio
async def test_what_looks_like_a_clients_own_wish_in_what_is_quoted_is_none(vault: OneVault) -> None:
    request = ChatRequest(messages=said(TITLE), question="What did the boiler repair cost?")
    assert searches(request)


@pytest.mark.anyio
async def test_a_follow_up_with_a_question_of_its_own_goes_back_to_what_was_said(vault: OneVault) -> None:
    turns = ("Who repaired the boiler?", "Marta.", QUOTED.format(question="And what did it cost?"))
    assert await found(vault, *turns, question="And what did it cost?") == ["House/Boiler.md"]


@pytest.mark.anyio
async def test_the_model_is_given_the_message_as_it_is_and_the_question_alone_to_quote_for(vault: OneVault) -> None:
    model = ScriptedModel(("Well.",))
    question = "What did the boiler repair cost?"
    request = ChatRequest(messages=said(QUOTED.format(question=question)), question=question)
    async for _ in answer(request, model=model, notes=vault):
        pass
    assert model.asked[0].question == question
    assert QUOTED.format(question=question) in str(model.asked[0].messages[-1]["content"])
