"""Notes that stay on this machine, in a vault that is read from the disk, and models on this machine and elsewhere."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

import apsw
import pytest

from sidecar.chat import ChatRequest, answer
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.index.database import Database
from sidecar.indexer.embedder import Embedder
from sidecar.indexer.pacing import Pacing
from sidecar.indexer.progress import Progress
from sidecar.inference.model import Completion, Delta
from sidecar.retrieval.trust import trusted
from sidecar.runtime.opening import open_vault
from sidecar.runtime.vaults import OpenVault
from sidecar.vault.settings import VaultKind
from tests.retrieval.test_trust import NOTES
from tests.retrieval.vault import Nonsense

T = TypeVar("T")
MARKED = "---\nsidecar: local\n---\n"


class Embedding(Nonsense):
    """Remembers what it was given, on this machine or elsewhere."""

    def __init__(self, *, here: bool, fingerprint: str = "1") -> None:
        self.on_this_machine = here
        self.fingerprint = fingerprint
        self.given: list[str] = []

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        self.given.extend(texts)
        return await super().embed(texts, kind=kind)


class Chat:
    """Remembers every text that it was given, to count or to answer."""

    name = "chat"
    generative = True

    def __init__(self, *, here: bool) -> None:
        self.on_this_machine = here
        self.counted: list[str] = []
        self.asked: list[Completion] = []

    async def context_length(self) -> int | None:
        return 8192

    async def count_tokens(self, text: str) -> int:
        self.counted.append(text)
        return len(text) // 4

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        self.asked.append(completion)
        yield Delta(content="Well.")
        yield Delta(finish_reason="stop")

    async def aclose(self) -> None:
        """Nothing to close."""

    @property
    def given(self) -> str:
        return json.dumps([self.counted, [[*each.messages, *map(str, each.sources)] for each in self.asked]])


@asynccontextmanager
async def opened(
    folder: Path,
    embedding: Embedding | None = None,
    *,
    local_only: Sequence[str] = (),
    before: Embedding | None = None,
    kind: VaultKind | None = None,
) -> AsyncIterator[OpenVault]:
    vault = await open_vault(
        folder,
        name="vault",
        data_dir=folder.parent / "data",
        embedding=embedding,
        embedding_name="mine" if embedding else "none",
        reopen_embedding=lambda _: before,
        exclude=(),
        local_only=local_only,
        kind=kind,
    )
    try:
        yield vault
    finally:
        await vault.aclose()


def write(folder: Path, notes: dict[str, str]) -> Path:
    for path, text in notes.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


async def told(vault: OpenVault, model: Chat, question: str, *, limit: int | None = None) -> int:
    """Ask, and give how many notes were kept from the model."""
    request = ChatRequest(messages=[{"role": "user", "content": question}], limit=limit)
    return max([delta.withheld async for delta in answer(request, model=model, notes=vault)])


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.anyio
async def test_measuring_trust_gives_a_model_elsewhere_no_sentence_of_a_local_note(tmp_path: Path, here: bool) -> None:
    subjects = sorted(NOTES)
    marked = set(subjects[:3])
    folder = write(tmp_path / "vault", NOTES)
    # All were embedded when none had the mark, so that all have vectors; then three get it.
    first = Embedding(here=here)
    async with opened(folder, first) as vault:
        await vault.index(accept_removals=False, measure=False)
    write(folder, {path: MARKED + NOTES[path] for path in marked})
    model = Embedding(here=here)
    async with opened(folder, model) as vault:
        await vault.index(accept_removals=False)
        assert await vault.read(trusted)
        assert (await vault.status())["chunks_without_vector"] == 0
    sentences = "\n".join(model.given)
    sent = {path for path in NOTES if f"{path.removesuffix('.md')}ine" in sentences}
    assert sent == (set(NOTES) if here else set(NOTES) - marked)


@pytest.mark.anyio
async def test_notes_that_never_get_a_vector_do_not_keep_trust_from_being_measured(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", NOTES | {"Diary.md": MARKED + "The boiler cost $240."})
    model = Embedding(here=False)
    async with opened(folder, model) as vault:
        await vault.index(accept_removals=False)
        assert await vault.read(trusted)
    assert "$240" not in "".join(model.given)


@pytest.mark.anyio
async def test_the_rows_of_a_table_in_a_local_place_stay_with_it_from_the_first_reading(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"Data/t.csv": "Name,Text\nBoiler,It cost $240.\n", "b.md": "# b\n\nBeans."})
    model = Embedding(here=False)
    async with opened(folder, model, local_only=["Data"], kind="notion") as vault:
        await vault.index(accept_removals=False)
        assert (await vault.search("boiler"))[0]["path"] == "Data/t.csv#Boiler"
        assert (await vault.why("Data/t.csv#Boiler", None))["local"] == "local_only: Data"
        assert (await vault.status())["local"] == 1
    assert [text for text in model.given if "$240" in text or "Boiler" in text] == []


@pytest.mark.anyio
async def test_a_place_that_is_named_in_the_settings_holds_before_anything_is_read_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"Journal/a.md": "The boiler cost $240.", "b.md": "The boiler leaks."})
    async with opened(folder) as vault:
        await vault.index(accept_removals=False)
    async with opened(folder, local_only=["Journal/**"]) as vault:
        model = Chat(here=False)
        assert await told(vault, model, "What about the boiler?") == 1
        assert "$240" not in model.given
        assert "leaks" in model.given
        assert (await vault.why("Journal/a.md", None))["local"] == "local_only: Journal/**"
    async with opened(folder) as vault:
        model = Chat(here=False)
        assert await told(vault, model, "What about the boiler?") == 0
        assert "$240" in model.given


@pytest.mark.anyio
async def test_it_holds_for_the_index_that_answers_meanwhile_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"Journal/a.md": "The boiler cost $240.", "b.md": "The boiler leaks."})
    async with opened(folder, Embedding(here=True)) as vault:
        await vault.index(accept_removals=False)
    before = Embedding(here=True)
    async with opened(
        folder, Embedding(here=False, fingerprint="2"), local_only=["Journal/**"], before=before
    ) as vault:
        assert (await vault.status())["rebuilding"]
        model = Chat(here=False)
        assert await told(vault, model, "What about the boiler?") == 1
        assert "$240" not in model.given


@pytest.mark.anyio
async def test_what_moves_into_a_local_place_or_out_of_it_is_what_its_place_says(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"a.md": "The boiler cost $240.", "Journal/b.md": "The oven costs 310."})
    async with opened(folder, local_only=["Journal"]) as vault:
        await vault.index(accept_removals=False)
        (folder / "a.md").rename(folder / "Journal" / "a.md")
        (folder / "Journal" / "b.md").rename(folder / "b.md")
        await vault.index(accept_removals=True)
        model = Chat(here=False)
        assert await told(vault, model, "boiler") == 1
        assert await told(vault, model, "oven") == 0
        assert "$240" not in model.given
        assert "310" in model.given


@pytest.mark.anyio
async def test_a_model_elsewhere_is_not_even_asked_to_count_a_local_text(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "vault", {"a.md": MARKED + "The boiler cost $240.", "b.md": "The boiler leaks.\n\n![[a]]"}
    )
    async with opened(folder) as vault:
        await vault.index(accept_removals=False)
        for question in ("What about the boiler?", "What does [[a]] say?", "boiler path:b.md"):
            away, here = Chat(here=False), Chat(here=True)
            assert await told(vault, away, question) == 1
            assert "$240" not in away.given
            assert await told(vault, here, question) == 0
            assert "$240" in here.given


class Telling(Chat):
    """Seems to be on this machine until its server is asked about it."""

    async def context_length(self) -> int | None:
        self.on_this_machine = False
        return await super().context_length()


@pytest.mark.anyio
async def test_a_model_that_turns_out_to_run_elsewhere_is_given_no_local_note(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"a.md": MARKED + "The boiler cost $240."})
    async with opened(folder) as vault:
        await vault.index(accept_removals=False)
        model = Telling(here=True)
        assert await told(vault, model, "What did the boiler cost?") == 1
        assert "$240" not in model.given


@pytest.mark.parametrize(("mark", "stays"), [(MARKED, True), ("", False)])
@pytest.mark.anyio
async def test_a_prompt_with_text_of_a_local_note_says_so_to_the_model(tmp_path: Path, mark: str, stays: bool) -> None:
    folder = write(tmp_path / "vault", {"a.md": mark + "The boiler cost $240.", "b.md": "Beans.\n\n![[a]]"})
    async with opened(folder) as vault:
        await vault.index(accept_removals=False)
        model = Chat(here=True)
        for question in ("What did the boiler cost?", "beans path:b.md"):
            await told(vault, model, question)
        assert [completion.stays for completion in model.asked] == [stays, stays]


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.anyio
async def test_what_an_answer_said_is_not_embedded_elsewhere(tmp_path: Path, here: bool) -> None:
    """The model that answered may have read what stays here; the questions are the user's own words."""
    folder = write(tmp_path / "vault", {"Diary.md": MARKED + "The boiler cost $240.", "b.md": "The oven leaks."})
    model = Embedding(here=here)
    async with opened(folder, model) as vault:
        await vault.index(accept_removals=False)
        model.given.clear()
        messages = [
            {"role": "user", "content": "What did the boiler cost?"},
            {"role": "assistant", "content": "Rosa Marmalade paid $240, see [[Diary]]."},
            {"role": "user", "content": "And when did she pay it?"},
        ]
        _ = [delta async for delta in answer(ChatRequest(messages=messages), model=Chat(here=True), notes=vault)]
    given = " ".join(model.given)
    assert "boiler" in given
    assert [("Marmalade" in given), ("Diary" in given)] == [here, here]


class Turning(Embedding):
    """Turns out to be elsewhere while it embeds its first query."""

    def __init__(self) -> None:
        super().__init__(here=True)
        self.given_away: list[str] = []

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        if not self.on_this_machine:
            self.given_away.extend(texts)
        self.on_this_machine = self.on_this_machine and kind == "passage"
        return await super().embed(texts, kind=kind)


@pytest.mark.anyio
async def test_measuring_trust_ends_when_the_model_turns_out_to_be_elsewhere(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {path: MARKED + text for path, text in NOTES.items()})
    model = Turning()
    async with opened(folder, model) as vault:
        await vault.index(accept_removals=False)
        assert not model.on_this_machine
        assert not await vault.read(trusted)
    assert model.given_away == []


@pytest.mark.anyio
async def test_texts_are_chosen_anew_when_the_model_turns_out_to_be_elsewhere(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"a.md": MARKED + "The boiler cost $240.", "b.md": "The oven leaks."})
    async with opened(folder) as vault:
        await vault.index(accept_removals=False)
    connection = apsw.Connection(str(next((tmp_path / "data").rglob("index*.db"))))
    model = Embedding(here=True)

    class Reading:
        """The index, which takes so long that more is known of the model afterwards."""

        async def read(self, work: Callable[[apsw.Connection], T]) -> T:
            found = work(connection)
            model.on_this_machine = False
            return found

    embedder = Embedder(model, pacing=Pacing(), progress=Progress(), on_change=lambda: None)
    waiting = await embedder.waiting(cast("Database", Reading()), limit=9)
    connection.close()
    assert [chunk.text for chunk in waiting] == ["b\nThe oven leaks."]


@pytest.mark.anyio
async def test_many_local_notes_do_not_take_the_places_of_those_that_may_leave(tmp_path: Path) -> None:
    notes = {f"Journal/{n}.md": "The boiler, the boiler: its repair cost $240." for n in range(12)}
    folder = write(tmp_path / "vault", {**notes, "b.md": "The boiler and its repair are in the cellar, says Rosa."})
    async with opened(folder, local_only=["Journal"]) as vault:
        await vault.index(accept_removals=False)
        model = Chat(here=False)
        assert await told(vault, model, "What did the repair of the boiler cost?", limit=4) > 0
        assert "Rosa" in model.given
        assert "$240" not in model.given


@pytest.mark.parametrize(("marked", "said"), [(1, "not shown here: 1"), (3, "not shown here: 3")])
@pytest.mark.anyio
async def test_when_nothing_else_is_found_the_model_is_told_how_many_stay_and_nothing_of_them(
    tmp_path: Path, marked: int, said: str
) -> None:
    notes = {f"Diary {n}.md": f"{MARKED}Note {n} on the boiler." for n in range(marked)}
    folder = write(tmp_path / "vault", {**notes, "b.md": "Beans."})
    async with opened(folder) as vault:
        await vault.index(accept_removals=False)
        model = Chat(here=False)
        assert await told(vault, model, "What about the boiler?") == marked
        assert said in model.given
        assert "Diary" not in model.given


@pytest.mark.anyio
async def test_a_local_note_has_vectors_once_the_model_is_on_this_machine(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"a.md": MARKED + "The boiler cost $240.", "b.md": "The oven."})
    away = Embedding(here=False)
    async with opened(folder, away) as vault:
        await vault.index(accept_removals=False)
        status = await vault.status()
        assert (status["ready"], status["chunks_without_vector"], status["local"]) == (True, 0, 1)
    assert away.given == ["b\nThe oven."]
    here = Embedding(here=True)
    async with opened(folder, here) as vault:
        assert (await vault.status())["chunks_without_vector"] == 1
        await vault.index(accept_removals=False)
        assert (await vault.status())["chunks_without_vector"] == 0
    assert here.given == ["a\nThe boiler cost $240."]


@pytest.mark.anyio
async def test_a_glob_that_cannot_be_used_keeps_every_note_here_and_shows_in_the_status(tmp_path: Path) -> None:
    folder = write(tmp_path / "vault", {"a.md": "The boiler cost $240."})
    async with opened(folder, local_only=["!Public/**"]) as vault:
        await vault.index(accept_removals=False)
        model = Chat(here=False)
        assert await told(vault, model, "What did the boiler cost?") == 1
        assert any("no note is sent away" in problem for problem in (await vault.status())["problems"])
        note = await vault.note("a.md")
    assert note["local"] == "local_only: !Public/**"
