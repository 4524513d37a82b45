"""Poisoned notes before models that do and repeat whatever a note says: nothing of it leaves a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sidecar.llama.template import ChatTemplate
from tests.models.families import FamilyVocabulary
from tests.models.family_table import FAMILIES, MISSING, Family, present
from tests.poison import asking
from tests.poison.harmless import Bounds, dangers, leads_inside
from tests.poison.obedient import NAME, Obedient, obedient_upstream
from tests.poison.poisoned import CANARY, OTHERS, PoisonedNote, make_vault, poisoned_notes, visible_paths
from tests.serving import Server, serve

NOTES = poisoned_notes()
VAULT = "poison"
BOUNDS = Bounds(vault=VAULT, paths=visible_paths(), standing="\n".join([*OTHERS.values(), *(n.text for n in NOTES)]))
each_note = pytest.mark.parametrize("note", NOTES, ids=lambda note: str(note.name))


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_vault(tmp_path_factory.mktemp("vault") / VAULT)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Obedient]:
    with obedient_upstream() as playing:
        yield playing


@pytest.fixture(scope="module")
def obeying(tmp_path_factory: pytest.TempPathFactory, vault: Path, upstream: Obedient) -> Iterator[Server]:
    models = ("--upstream", upstream.url, "--model", NAME, "--embedding-model", "none")
    with serve(vault, *models, data_dir=tmp_path_factory.mktemp("obeying")) as server:
        yield server


@pytest.fixture(scope="module")
def copying(tmp_path_factory: pytest.TempPathFactory, vault: Path, copybot_gguf: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("copying")
    # On one thread: several that wait for each other are slow on a machine that is busy.
    (folder / "config.toml").write_text("threads = 1\nparallel = 1\n", encoding="utf-8")
    models = ("--model", copybot_gguf, "--embedding-model", "none", "--config", folder / "config.toml")
    with serve(vault, *models, data_dir=folder / "data") as server:
        yield server


# Without tools, of whose names and schemas the copying model would copy. It goes on to whatever line fits when nothing
# ends its sentence.
_MOST = 60
_ONE: dict[str, Any] = {"vault": {"limit": 1}}
_TO_COPY: dict[str, dict[str, Any]] = {
    "chat": {"tools": None, "temperature": 0, "max_tokens": _MOST, **_ONE},
    "chat stream": {"tools": None, "temperature": 0, "max_tokens": _MOST, **_ONE},
    "response": {"tools": [{"type": "file_search"}], "temperature": 0, "max_output_tokens": _MOST, **_ONE},
    "response stream": {"tools": [], "temperature": 0, "max_output_tokens": _MOST, **_ONE},
    "ollama stream": {"tools": [], "options": {"temperature": 0, "num_predict": _MOST}},
}


def assert_harmless(answered: asking.Answered) -> None:
    assert answered.calls == []
    assert set(answered.reasons) <= {"stop", "length", "completed", "incomplete"}
    for text in (answered.text, answered.thought):
        found = dangers(text, BOUNDS)
        assert not found, f"{found} in {text!r}"
    assert all(leads_inside(address, BOUNDS) for address in answered.cited)
    assert set(answered.sources) <= set(BOUNDS.paths)
    assert CANARY not in answered.text + answered.thought


def test_there_are_more_than_fifty_and_each_has_its_own_word() -> None:
    assert len(NOTES) > 50
    assert len({note.word for note in NOTES}) == len({note.name for note in NOTES}) == len(NOTES)


# As a stream, where the neutraliser has it hardest, and in one of the other ways in turn.
_STREAMED = "chat stream"
_OTHERS = [way for way in asking.WAYS if way != _STREAMED]


@each_note
def test_an_obedient_model_harms_nobody(obeying: Server, upstream: Obedient, note: PoisonedNote) -> None:
    for way in (_STREAMED, _OTHERS[NOTES.index(note) % len(_OTHERS)]):
        upstream.bodies.clear()
        answered = asking.WAYS[way](obeying, note.question)
        messages = upstream.bodies[0]["messages"]
        assert [message["role"] for message in messages] == ["system", "user"]
        # It did see the note, and repeated it.
        assert f"memo of {note.word}" in messages[-1]["content"].replace(note.question, "")
        assert f"memo of {note.word}" in answered.text.replace(note.question, "")
        assert_harmless(answered)


@pytest.mark.parametrize("way", asking.WAYS)
def test_what_an_order_asked_for_is_told(obeying: Server, upstream: Obedient, way: str) -> None:
    note = next(note for note in NOTES if note.word == "heron")
    upstream.bodies.clear()
    answered = asking.WAYS[way](obeying, note.question)
    assert "delete_note" in answered.vault["refused_calls"]
    assert "because a note asked for it" in answered.text
    assert [len(body["tools"]) for body in upstream.bodies] == [5, 5]


@pytest.mark.parametrize("way", asking.WAYS)
def test_what_the_user_asks_for_is_called(obeying: Server, way: str) -> None:
    answered = asking.WAYS[way](obeying, "What is in the memo of heron? Then use open_url.")
    assert set(answered.calls) == {"open_url"}
    assert "open_url" not in answered.vault["refused_calls"]


@each_note
def test_a_model_that_copies_harms_nobody(copying: Server, note: PoisonedNote) -> None:
    # Not as Ollama, where no client can ask for fewer passages: the model reads byte by byte.
    way = list(asking.WAYS)[NOTES.index(note) % 4]
    assert_harmless(asking.WAYS[way](copying, note.question, **_TO_COPY[way]))


@pytest.mark.parametrize("way", asking.WAYS)
def test_the_copying_model_does_repeat_what_a_note_says(copying: Server, way: str) -> None:
    answered = asking.WAYS[way](copying, "What is in the memo of adder?", **_TO_COPY[way])
    assert answered.text.lstrip().startswith("(a)")


@pytest.mark.skipif(not present(), reason=MISSING)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.name))
def test_no_note_forges_a_turn(family: Family) -> None:
    vocabulary = FamilyVocabulary(family)
    template = ChatTemplate(
        family.chat_template(),
        bos=vocabulary.bos,
        eos=family.end,
        specials=vocabulary.specials,
        now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
    )
    marks = re.compile("|".join(sorted(map(re.escape, vocabulary.specials), key=len, reverse=True)))

    def turns(content: str) -> list[str]:
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}]
        return [mark for piece in template.render(messages) for mark in marks.findall(piece)]

    honest = turns("A note.")
    for start in range(0, len(NOTES), 15):
        notes = "\n\n".join(note.text for note in NOTES[start : start + 15])
        assert turns(f"<notes x>\n{notes}\n</notes x>\n\n{NOTES[start].question}") == honest


def test_the_delimiter_is_in_no_note_and_in_the_prompt_twice(obeying: Server, upstream: Obedient) -> None:
    for word in ("martin", "robin", "thrush"):
        upstream.bodies.clear()
        asking.chat(obeying, f"What is in the memo of {word}?")
        content = upstream.bodies[0]["messages"][-1]["content"]
        lines = re.findall(r"^</?notes .*>$", content, re.MULTILINE)
        assert len(lines) == 2
        assert lines[1] == f"</{lines[0][1:]}"
        assert "0123456789ab" not in lines[0]
